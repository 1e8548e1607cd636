//! The records of a session (docs/sessions.md): kinds, vocabularies, and how each is written.

use crate::records::Record;

/// Core to whoever has connected: a fresh nonce.
pub const CHALLENGE: u8 = 224;
/// Member to core: who it is, what it has.
pub const LOG_ON: u8 = 225;
/// Core to member: let in.
pub const LOGGED_ON: u8 = 226;
/// Either way: the session is over, `code` says why.
pub const LOG_OFF: u8 = 227;
/// Either way: still there.
pub const HEARTBEAT: u8 = 228;
/// Core to all: it does not own the seat.
pub const FENCED: u8 = 229;
/// Core to member: not taken, too fast.
pub const THROTTLED: u8 = 230;
/// Core to member: an id that was passed over.
pub const NEVER_RECEIVED: u8 = 231;
/// Relay to core: who is behind it.
pub const RELAYED: u8 = 232;
/// Core to member: something it should know of.
pub const NOTICE: u8 = 233;
/// Member to core: whether it can trade, `code` says which.
pub const READY: u8 = 234;

/// Code of READY: it can.
pub const READY_TO_TRADE: u16 = 1;
/// Code of READY: it cannot yet.
pub const HAND_RAISED: u16 = 2;
/// How long the text of READY is.
pub const READY_TEXT_BYTES: usize = 40;

/// Bit of `flags`: of the public flow.
pub const PUBLIC: u8 = 64;
/// Bit of `flags`: told before, or the answer to a resend.
pub const REPEAT: u8 = 128;

/// LOG_ON `resume`: all of the day.
pub const RESTART: u8 = 1;
/// LOG_ON `resume`: what lies behind `position`.
pub const RESUME: u8 = 2;
/// LOG_ON `resume`: nothing old.
pub const QUICK: u8 = 3;

/// LOG_ON `wish`: the line's orders go when its session ends.
pub const CANCEL_ON_DISCONNECT: u8 = 1;
/// LOG_ON `wish`: the public flow too.
pub const PUBLIC_FLOW: u8 = 2;

/// Why a session ends, `code` of LOG_OFF and NOTICE.
#[allow(missing_docs, reason = "the names are those of docs/sessions.md")]
pub mod parting {
    pub const MEMBER: u16 = 1;
    pub const CLOSING: u16 = 2;
    pub const BAD_TICKET: u16 = 3;
    pub const LINE_TAKEN: u16 = 4;
    pub const AHEAD: u16 = 5;
    pub const FOREIGN_LINE: u16 = 6;
    pub const BAD_RECORD: u16 = 7;
    pub const SILENT: u16 = 8;
    pub const SLOW: u16 = 9;
    pub const LATE: u16 = 10;
    pub const FULL: u16 = 11;
}

/// Where `cl_ord_id` stands in every record that has one.
pub const CL_ORD_ID: usize = 24;
/// Where `line` stands in every record that has one but LOG_ON.
pub const LINE: usize = 52;
/// Where `proof` stands in LOG_ON.
pub const PROOF: usize = 32;

fn of(kind: u8) -> Record {
    let mut record = Record::ZERO;
    record.0[16] = kind;
    record
}

/// CHALLENGE.
pub fn challenge(epoch: u32, make: u16, nonce: &[u8; 32]) -> Record {
    let mut record = of(CHALLENGE);
    record.put(24, epoch);
    record.put(28, make);
    record.put(32, *nonce);
    record
}

/// LOG_ON without its proof.
pub fn log_on(line: u16, day: u32, position: u64, resume: u8, wish: u8) -> Record {
    let mut record = of(LOG_ON);
    record.put(0, position);
    record.put(24, line);
    record.put(26, resume);
    record.put(27, wish);
    record.put(28, day);
    record
}

/// What LOGGED_ON says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of docs/sessions.md")]
pub struct LoggedOn {
    pub position: u64,
    pub last_id: u64,
    pub flow_position: u64,
    pub epoch: u32,
    pub trading_day: u32,
    pub heartbeat_ms: u32,
    pub line: u16,
    pub make: u16,
    pub rate: u32,
    pub owner: u32,
}

impl LoggedOn {
    /// The record that says this.
    pub fn record(&self) -> Record {
        let mut record = of(LOGGED_ON);
        record.put(0, self.position);
        record.put(24, self.last_id);
        record.put(32, self.flow_position);
        record.put(40, self.epoch);
        record.put(44, self.trading_day);
        record.put(48, self.heartbeat_ms);
        record.put(52, self.line);
        record.put(54, self.make);
        record.put(56, self.rate);
        record.put(60, self.owner);
        record
    }

    /// Reads LOGGED_ON.
    pub fn read(record: &Record) -> Self {
        Self {
            position: record.get(0),
            last_id: record.get(24),
            flow_position: record.get(32),
            epoch: record.get(40),
            trading_day: record.get(44),
            heartbeat_ms: record.get(48),
            line: record.get(52),
            make: record.get(54),
            rate: record.get(56),
            owner: record.get(60),
        }
    }
}

/// LOG_OFF, `why` of [`parting`].
pub fn log_off(why: u16) -> Record {
    let mut record = of(LOG_OFF);
    record.put(20, why);
    record
}

/// HEARTBEAT.
pub fn heartbeat(position: u64, received: u64, epoch: u32) -> Record {
    let mut record = of(HEARTBEAT);
    record.put(0, position);
    record.put(24, received);
    record.put(40, epoch);
    record
}

/// FENCED.
pub fn fenced(epoch: u32) -> Record {
    let mut record = of(FENCED);
    record.put(40, epoch);
    record
}

/// THROTTLED: this command was not taken.
pub fn throttled(command: &Record, retry_ns: i64, rate: u32) -> Record {
    let mut record = about(THROTTLED, command);
    record.put(32, retry_ns);
    record.put(40, rate);
    record
}

/// NEVER_RECEIVED: this command's id was passed over.
pub fn never_received(command: &Record, epoch: u32) -> Record {
    let mut record = about(NEVER_RECEIVED, command);
    record.put(40, epoch);
    record
}

/// RELAYED: an address is behind this connection.
pub fn relayed(port: u16, address: &[u8; 16]) -> Record {
    let mut record = of(RELAYED);
    record.put(24, port);
    record.put(32, *address);
    record
}

/// NOTICE, with the address it is about.
pub fn notice(what: u16, address: &[u8; 16]) -> Record {
    let mut record = of(NOTICE);
    record.put(20, what);
    record.put(32, *address);
    record
}

/// READY; of a text that is too long, what has room.
pub fn ready(code: u16, text: &[u8]) -> Record {
    let mut record = of(READY);
    record.put(20, code);
    let bytes = text.len().min(READY_TEXT_BYTES);
    record.0[24..24 + bytes].copy_from_slice(&text[..bytes]);
    record
}

fn about(kind: u8, command: &Record) -> Record {
    let mut record = of(kind);
    record.put(CL_ORD_ID, command.get::<u64>(CL_ORD_ID));
    record.put(LINE, command.get::<u16>(LINE));
    record.put(54, command.kind());
    record
}
