//! What the modes want of a matching core, and nothing else of it.

use crate::records::Record;

/// Price, quantity and number of orders of one level of a book.
pub type Level = (i64, i64, i64);

/// A core that works commands: a pure function of its state, without clock, file or chance.
pub trait Matching {
    /// A batch of command records (64 bytes each) in; out: each command with its position given, then its events, appended.
    /// An error is a sentence; the batch has then changed nothing.
    fn run(&mut self, batch: &[Record], out: &mut Vec<Record>) -> Result<(), String>;

    /// The state digest (docs/format.md section 7).
    fn digest(&self) -> u64;

    /// The last position given.
    fn position(&self) -> u64;

    /// Live orders.
    fn live(&self) -> u64;

    /// Levels of a book, buys and sells, best first.
    fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2];

    /// The same, of what a simulated match would leave.
    fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2];

    /// After `run` panicked: back to the state between two commands, before the one (a run counts as one) that was being
    /// worked. `out`, the vector that `run` was given, then has what it had before and everything of the batch's commands
    /// up to there; `position()` is that of its last record.
    fn abort(&mut self, out: &mut Vec<Record>) -> Result<(), String> {
        let _ = out;
        Err("this core cannot go back to before a command".into())
    }

    /// Writes a run (a command, or a head with its texts) and its REJECTED with this code and value (bound NO_PRICE)
    /// instead of working it. Order numbers and client order ids are used up as docs/format.md 5.2 and 5.3 say.
    fn refuse(
        &mut self,
        run: &[Record],
        code: u16,
        value: i64,
        out: &mut Vec<Record>,
    ) -> Result<(), String> {
        let _ = (run, code, value, out);
        Err("this core cannot refuse a command unworked".into())
    }
}

/// A core behind a reference is a core.
impl<M: Matching + ?Sized> Matching for Box<M> {
    fn run(&mut self, batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        (**self).run(batch, out)
    }
    fn digest(&self) -> u64 {
        (**self).digest()
    }
    fn position(&self) -> u64 {
        (**self).position()
    }
    fn live(&self) -> u64 {
        (**self).live()
    }
    fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        (**self).depth(instrument, segment, levels)
    }
    fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        (**self).unfilled(instrument, segment, levels)
    }
    fn abort(&mut self, out: &mut Vec<Record>) -> Result<(), String> {
        (**self).abort(out)
    }
    fn refuse(
        &mut self,
        run: &[Record],
        code: u16,
        value: i64,
        out: &mut Vec<Record>,
    ) -> Result<(), String> {
        (**self).refuse(run, code, value, out)
    }
}
