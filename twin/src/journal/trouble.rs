//! What ends a process that keeps a journal, and how it is said.

use std::fmt;
use std::io;
use std::path::Path;

use super::cursor::Fault;

/// A journal that cannot be trusted from this place on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Damage {
    /// The last good position before it.
    pub position: u64,
    /// The segment's number and the slot in it.
    pub segment: u32,
    pub slot: usize,
    pub fault: Fault,
}

/// Why work stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The journal is damaged.
    Damage(Damage),
    /// The system refused something.
    System(String),
    /// A request that makes no sense here.
    Refused(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Damage(d) => write!(
                f,
                "HALTED: damage behind position {} in segment {:08}, slot {}: {} ({})",
                d.position, d.segment, d.slot, d.fault.what, d.fault.name
            ),
            Trouble::System(what) => write!(f, "HALTED: {what}"),
            Trouble::Refused(what) => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for Trouble {}

/// What the system refused, with the path it was about.
pub fn about(path: &Path) -> impl Fn(io::Error) -> Trouble + '_ {
    move |error| Trouble::System(format!("{}: {error}", path.display()))
}
