//! One connection: whole records out of whatever bytes come, what waits to be written, where it stands.

use super::bucket::Bucket;
use super::readiness::Readiness;
use super::ticket::Key;
use super::words::{LOG_OFF, log_off};
use crate::records::{RECORD_BYTES, Record};

/// Waiting bytes beyond what the connection holds, before a reader is too slow.
pub const WAITING_BYTES_MAX: usize = 8 << 20;

/// What becomes of a connection.
pub enum Phase {
    /// Nobody yet; whether it must begin with RELAYED.
    Arriving {
        /// It comes from a relay that has not yet said for whom.
        relay: bool,
    },
    /// A line's session.
    In(Box<Member>),
    /// What waits is still written, nothing is heard.
    Over,
}

/// A line that was let in.
pub struct Member {
    /// The line.
    pub line: u16,
    /// Bits of its wish.
    pub wish: u8,
    /// Commands taken from this connection.
    pub received: u64,
    /// Its share of commands a second.
    pub bucket: Bucket,
    /// A run of the exchange of which texts are missing.
    pub run: Vec<Record>,
    /// What is old is still being told; `None` once it is told what is released as it is released.
    pub catching: Option<Catching>,
    /// What it said of itself.
    pub readiness: Readiness,
}

/// A flow that is told from the journal until it has caught up.
#[derive(Clone, Copy, Debug)]
pub struct Catching {
    /// The next of the line's own events.
    pub own: usize,
    /// The next of the public flow.
    pub public: usize,
    /// All up to this position has been handed over.
    pub told: u64,
    /// All up to this position was released before log-on.
    pub old: u64,
    /// How many events, own and public, there were at log-on.
    pub then: (usize, usize),
}

/// Bytes that wait to be written.
#[derive(Default)]
pub struct Out {
    bytes: Vec<u8>,
    written: usize,
}

impl Out {
    /// Puts a record behind the others.
    pub fn push(&mut self, record: &Record) {
        self.bytes.extend_from_slice(&record.0);
    }

    /// What waits.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// So much of it was written.
    pub fn wrote(&mut self, count: usize) {
        self.written += count;
        if self.written == self.bytes.len() {
            self.written = 0;
            self.bytes.clear();
            if self.bytes.capacity() > 1 << 20 {
                self.bytes = Vec::new();
            }
        } else if self.written > 1 << 20 && self.written > self.bytes.len() / 2 {
            let whole = self.written / RECORD_BYTES * RECORD_BYTES;
            self.bytes.drain(..whole);
            self.written -= whole;
        }
    }

    /// Drops what waits, but not half a record that has begun.
    pub fn cut(&mut self) {
        let begun = self.written.next_multiple_of(RECORD_BYTES);
        self.bytes.truncate(begun);
    }
}

/// A connection.
pub struct Session {
    /// What becomes of it.
    pub phase: Phase,
    /// Whose it is: the peer, or who is behind the relay.
    pub address: [u8; 16],
    /// What its proof must be made with.
    pub nonce: Key,
    /// What waits to be written.
    pub out: Out,
    /// When it was opened.
    pub opened_ns: u64,
    /// When it last gave a sign.
    pub heard_ns: u64,
    /// When it was last told something.
    pub told_ns: u64,
    /// Whether it is on the list of those with something to write.
    pub listed: bool,
    part: Record,
    part_bytes: usize,
}

impl Session {
    /// A connection just made.
    pub fn new(address: [u8; 16], relay: bool, nonce: Key, now_ns: u64) -> Self {
        Self {
            phase: Phase::Arriving { relay },
            address,
            nonce,
            out: Out::default(),
            opened_ns: now_ns,
            heard_ns: now_ns,
            told_ns: now_ns,
            listed: false,
            part: Record::ZERO,
            part_bytes: 0,
        }
    }

    /// Takes the next whole record off the front of `bytes`; keeps a part that is left for the next bytes.
    pub fn next_record(&mut self, bytes: &mut &[u8]) -> Option<Record> {
        if self.part_bytes == 0 && bytes.len() >= RECORD_BYTES {
            let (whole, rest) = bytes.split_at(RECORD_BYTES);
            *bytes = rest;
            let mut record = Record::ZERO;
            record.0.copy_from_slice(whole);
            return Some(record);
        }
        let count = bytes.len().min(RECORD_BYTES - self.part_bytes);
        let (part, rest) = bytes.split_at(count);
        self.part.0[self.part_bytes..self.part_bytes + count].copy_from_slice(part);
        self.part_bytes += count;
        *bytes = rest;
        let whole = self.part_bytes == RECORD_BYTES;
        whole.then(|| {
            self.part_bytes = 0;
            self.part
        })
    }

    /// The member, once it is in.
    pub fn member(&mut self) -> Option<&mut Member> {
        match &mut self.phase {
            Phase::In(member) => Some(member),
            _ => None,
        }
    }

    /// Whether nothing more is heard.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Ends it with a last record; the member it was, if it was one.
    pub fn end(&mut self, last: Option<Record>) -> Option<Box<Member>> {
        if let Some(last) = last {
            if self.out.waiting().len() > WAITING_BYTES_MAX && last.kind() == LOG_OFF {
                self.out.cut();
            }
            self.out.push(&last);
        }
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::In(member) => Some(member),
            _ => None,
        }
    }

    /// Ends it with LOG_OFF.
    pub fn part(&mut self, why: u16) -> Option<Box<Member>> {
        self.end(Some(log_off(why)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_whole_however_the_bytes_are_split() {
        let bytes: Vec<u8> = (0..64 * 50u32).map(|i| (i * 7 % 251) as u8).collect();
        for step in [1, 3, 63, 64, 65, 127, 128, 500, 3200] {
            let mut session = Session::new([0; 16], false, [0; 32], 0);
            let mut whole = Vec::new();
            for mut part in bytes.chunks(step) {
                while let Some(record) = session.next_record(&mut part) {
                    whole.extend_from_slice(&record.0);
                }
                assert!(part.is_empty());
            }
            assert_eq!(whole, bytes, "in steps of {step}");
        }
    }

    #[test]
    fn what_was_cut_never_ends_inside_a_record() {
        let mut out = Out::default();
        (0..5).for_each(|_| out.push(&Record([7; 64])));
        out.wrote(70);
        out.cut();
        assert_eq!(out.waiting().len(), 58);
        out.push(&Record([9; 64]));
        out.wrote(58);
        assert_eq!(out.waiting(), [9; 64]);
        out.cut();
        assert_eq!(out.waiting().len(), 0);
    }
}
