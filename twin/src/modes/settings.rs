//! What a follower is made of, and what is left of it once it is to own the market.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::compare::Shadow;
use super::features::Off;
use super::judge::Known;
use super::settling::Ledger;
use crate::door::mail::Mailbox;
use crate::journal::disk::Disk;
use crate::journal::lock::Lock;
use crate::journal::writer::Writer;

/// What is left of a follower that is to own the market.
pub struct Parts<M> {
    /// The core.
    pub shadow: Shadow<M>,
    /// The journal; none where none has begun.
    pub writer: Option<Writer>,
    /// Its folder's lock.
    pub lock: Lock,
    /// What a door needs to know of it, if there is to be one.
    pub known: Known,
    /// Its folder.
    pub folder: PathBuf,
    /// The settlement so far, if one is wanted.
    pub ledger: Ledger,
    /// Whether nothing was ever held against the stream.
    pub clean: bool,
}

/// What a follower is made of.
pub struct Settings {
    /// The own journal's folder.
    pub folder: PathBuf,
    /// Where it lies.
    pub disk: Arc<dyn Disk>,
    /// Size of own segments, in units of 64 KiB.
    pub size_units: u32,
    /// After how long without a sign of the owner there is an alarm.
    pub silence: Duration,
    /// Features switched off once this core owns the market.
    pub off: Off,
    /// The door that it will open when it owns the market; until then it is told which epoch goes on.
    pub door: Option<Arc<Mailbox>>,
    /// Where the settlement goes, if one is wanted.
    pub settlement: Option<PathBuf>,
}
