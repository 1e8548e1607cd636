//! A market of four rules, for tests and drills of the modes: it stands in where matching itself is not the question.
//!
//! NEW is ACCEPTED and every third one TRADED; CANCEL is CANCELLED; PHASE is PHASE_CHANGED, then AUCTIONED; any other
//! command is echoed as event `kind | 64`. A NEW of `POISON_QTY` panics. The digest sums over commands worked, so that a lost or altered command shows.

use super::core::{Level, Matching};
use crate::journal::bytes::{kind, put, u32_at, u64_at};
use crate::journal::frame::FIRST_EVENT;
use crate::records::Record;

/// A NEW of this quantity makes the toy panic.
pub const POISON_QTY: u32 = 0x0BAD_F00D;

const NEW: u8 = 1;
const CANCEL: u8 = 4;
const PHASE: u8 = 16;
const ACCEPTED: u8 = 64;
const REJECTED: u8 = 65;
const CANCELLED: u8 = 68;
const TRADED: u8 = 70;
const PHASE_CHANGED: u8 = 80;
const AUCTIONED: u8 = 82;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    position: u64,
    digest: u64,
    live: u64,
    news: u64,
}

/// The toy.
#[derive(Clone, Debug, Default)]
pub struct Toy {
    now: State,
    before_command: State,
}

impl Toy {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn write(&mut self, record: &Record, out: &mut Vec<Record>) {
        self.now.position += 1;
        let mut placed = *record;
        put(&mut placed, 0, &self.now.position.to_le_bytes());
        out.push(placed);
    }

    fn event(&mut self, command: &Record, kind: u8, out: &mut Vec<Record>) {
        let mut event = *command;
        event.0[16] = kind;
        self.write(&event, out);
    }

    fn mix(&mut self, command: &Record) {
        let word = u64_at(command, 24) ^ u64_at(command, 32) ^ u64_at(command, 40);
        let term = (word ^ u64_at(command, 16)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.now.digest = self.now.digest.wrapping_add(term ^ (term >> 31));
    }

    fn work(&mut self, command: &Record, out: &mut Vec<Record>) {
        self.write(command, out);
        self.mix(command);
        match kind(command) {
            NEW => {
                assert_ne!(u32_at(command, 40), POISON_QTY, "the toy was told to panic");
                self.now.news += 1;
                self.now.live += 1;
                self.event(command, ACCEPTED, out);
                if self.now.news.is_multiple_of(3) {
                    self.event(command, TRADED, out);
                }
            }
            CANCEL => {
                self.now.live = self.now.live.saturating_sub(1);
                self.event(command, CANCELLED, out);
            }
            PHASE => {
                self.event(command, PHASE_CHANGED, out);
                self.event(command, AUCTIONED, out);
            }
            other => self.event(command, other | FIRST_EVENT, out),
        }
    }
}

impl Matching for Toy {
    fn run(&mut self, batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        if let Some(event) = batch.iter().find(|record| kind(record) >= FIRST_EVENT) {
            return Err(format!("kind {} is no command", kind(event)));
        }
        for command in batch {
            self.before_command = self.now;
            self.work(command, out);
        }
        Ok(())
    }

    fn digest(&self) -> u64 {
        self.now.digest
    }

    fn position(&self) -> u64 {
        self.now.position
    }

    fn live(&self) -> u64 {
        self.now.live
    }

    fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        let row = (
            i64::from(instrument),
            i64::from(segment),
            self.now.live as i64,
        );
        [vec![row; levels.min(2)], vec![row; levels.min(1)]]
    }

    fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.depth(instrument, segment, levels.min(1))
    }

    fn abort(&mut self, out: &mut Vec<Record>) -> Result<(), String> {
        out.truncate(out.len() - (self.now.position - self.before_command.position) as usize);
        self.now = self.before_command;
        Ok(())
    }

    fn refuse(
        &mut self,
        run: &[Record],
        code: u16,
        value: i64,
        out: &mut Vec<Record>,
    ) -> Result<(), String> {
        for record in run {
            self.write(record, out);
            self.mix(record);
        }
        let mut rejected = run[0];
        put(&mut rejected, 20, &code.to_le_bytes());
        put(&mut rejected, 32, &value.to_le_bytes());
        put(&mut rejected, 40, &i64::MIN.to_le_bytes());
        rejected.0[54] = kind(&run[0]);
        self.event(&rejected, REJECTED, out);
        Ok(())
    }
}
