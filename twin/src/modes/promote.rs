//! From follower to owner: promise, epoch, doors (protocol section 6, steps 3 to 6).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::core::Matching;
use super::follow::{Follower, Parts};
use super::json::Object;
use super::judge::Known;
use super::serve::Engine;
use super::settling::Ledger;
use super::status::clock_ns;
use crate::journal::frame::{Epoch, MAKE_TWIN};
use crate::journal::lock::Lock;
use crate::journal::trouble::Trouble;
use crate::journal::writer::Writer;

/// What a promotion is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// The epoch to begin.
    pub epoch: u64,
    /// The owner's number, as the EPOCH record has it.
    pub owner: u32,
    /// What must be held at least: the last position released (requirement R27).
    pub position: u64,
    /// Also when the comparison is not clean: two people decided so.
    pub force: bool,
    /// The members' door lets in the exchange alone until it is opened.
    pub hold: bool,
}

/// A core that owns the market.
pub struct Promoted<M> {
    /// Ready to serve.
    pub engine: Engine<M>,
    /// Its journal, the EPOCH record durable.
    pub writer: Writer,
    /// The folder's lock, to be held as long as the journal is written.
    pub lock: Lock,
    /// The settlement so far, if one is wanted.
    pub ledger: Ledger,
    /// Whether the comparison was clean up to here.
    pub clean: bool,
    /// The break point.
    pub epoch: Epoch,
    /// What the journal says of every line, where a door is to be opened.
    pub known: Known,
    /// Where the journal is.
    pub folder: PathBuf,
    /// Whether its door lets in the exchange alone as yet.
    pub held: bool,
    /// What it took.
    pub took: Duration,
}

impl<M> Promoted<M> {
    /// As a line of JSON.
    pub fn line(&self) -> String {
        Object::new()
            .text("state", "MATCH")
            .value("epoch", self.epoch.epoch)
            .value("owner", self.epoch.owner)
            .value("position", self.epoch.position)
            .value("promote_us", self.took.as_micros())
            .line()
    }
}

/// Why not, if it may not be.
pub fn refusal<M: Matching + Send + 'static>(
    follower: &Follower<M>,
    wanted: &Wanted,
) -> Option<String> {
    let cursor = follower.cursor();
    let highest = follower.promised().max(u64::from(cursor.epoch));
    if wanted.epoch < follower.promised() || wanted.epoch <= u64::from(cursor.epoch) {
        return Some(format!("epoch {} is not above {highest}", wanted.epoch));
    }
    if u32::try_from(wanted.epoch).is_err() {
        return Some(format!("epoch {} has no room in a record", wanted.epoch));
    }
    if cursor.position < wanted.position {
        let missing = wanted.position - cursor.position;
        return Some(format!(
            "{missing} records behind position {} are missing",
            cursor.position
        ));
    }
    if wanted.hold && !follower.has_door() {
        return Some("hold: this core has no members' door to hold".into());
    }
    if !follower.eligible() && !wanted.force {
        let why = follower.teller().spoiled_by().unwrap_or("nothing");
        return Some(format!(
            "the comparison is not clean since this alarm: {why}"
        ));
    }
    None
}

/// Promises unless it is done already, then begins the epoch, durable when this returns. `refusal` was asked before.
pub fn promote<M: Matching + Send + 'static>(
    mut follower: Follower<M>,
    wanted: &Wanted,
) -> Result<Promoted<M>, Trouble> {
    let began = Instant::now();
    if follower.promised() < wanted.epoch {
        follower.promise(wanted.epoch)?;
    }
    let Parts {
        shadow,
        writer,
        lock,
        known,
        folder,
        ledger,
        clean,
    } = follower.into_parts()?;
    let no_journal = || Trouble::Refused("there is no journal to go on with".into());
    let mut writer = writer.ok_or_else(no_journal)?;
    let epoch = writer.append_epoch(Epoch {
        time: clock_ns(),
        make: MAKE_TWIN,
        epoch: wanted.epoch as u32,
        owner: wanted.owner,
        trading_day: writer.segment().trading_day,
        ..Epoch::default()
    })?;
    writer.sync()?;
    let engine = Engine {
        last_time: shadow.last_time(),
        core: shadow.into_core(),
    };
    Ok(Promoted {
        engine,
        writer,
        lock,
        ledger,
        clean,
        epoch,
        known,
        folder,
        held: wanted.hold,
        took: began.elapsed(),
    })
}
