//! Who may come in, and in which order that is asked (docs/sessions.md, "Log-on").

use super::flow::Flow;
use super::ticket::{Key, equal, proof, ticket};
use super::words::{LOG_ON, LoggedOn, PROOF, QUICK, RESTART, RESUME, parting};
use crate::journal::frame::MAKE_TWIN;
use crate::records::Record;

/// On which terms a door is open.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The day's secret.
    pub secret: Key,
    /// The day.
    pub trading_day: u32,
    /// The epoch in which this core owns the seat.
    pub epoch: u32,
    /// Its owner's number.
    pub owner: u32,
    /// Commands a second and line; 0 no limit.
    pub rate: u32,
    /// Time between signs of life.
    pub heartbeat_ms: u32,
    /// Addresses of relays.
    pub relays: Vec<[u8; 16]>,
}

/// What a member asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of docs/sessions.md")]
pub struct LogOn {
    pub line: u16,
    pub position: u64,
    pub resume: u8,
    pub wish: u8,
}

impl Terms {
    /// Checks kind, day and proof, in this order; the part of LOG_OFF that says why not.
    pub fn proven(&self, record: &Record, nonce: &Key, address: &[u8; 16]) -> Result<LogOn, u16> {
        let (line, resume) = (record.get(24), record.0[26]);
        if record.kind() != LOG_ON || !(RESTART..=QUICK).contains(&resume) {
            return Err(parting::BAD_RECORD);
        }
        let key = ticket(&self.secret, line, self.trading_day, address);
        let good = equal(&record.get(PROOF), &proof(&key, nonce, record));
        if !good || record.get::<u32>(28) != self.trading_day {
            return Err(parting::BAD_TICKET);
        }
        Ok(LogOn {
            line,
            position: record.position(),
            resume,
            wish: record.0[27],
        })
    }

    /// The rate of a line: the exchange itself has no limit.
    pub fn rate_of(&self, line: u16) -> u32 {
        if line == 0 { 0 } else { self.rate }
    }

    /// What a line that is let in is told first.
    pub fn logged_on(&self, line: u16, flow: &Flow) -> LoggedOn {
        let known = flow.line(line);
        LoggedOn {
            position: flow.position(),
            last_id: known.map_or(0, |line| line.ids.last()),
            flow_position: known.map_or(0, |line| line.events.last()),
            epoch: self.epoch,
            trading_day: self.trading_day,
            heartbeat_ms: self.heartbeat_ms,
            line,
            make: MAKE_TWIN,
            rate: self.rate_of(line),
            owner: self.owner,
        }
    }
}

/// The last position that a line can have been told: of its own flow, or of everybody's.
pub fn told_at_most(line: u16, flow: &Flow) -> u64 {
    let own = flow.line(line).map_or(0, |line| line.events.last());
    own.max(flow.public().last())
}

/// Behind which position the flow is told; `None` for nothing old.
pub fn behind(asked: &LogOn) -> Option<u64> {
    match asked.resume {
        RESTART => Some(0),
        RESUME => Some(asked.position),
        _ => None,
    }
}
