//! Tests from inside: what must hold in every state, whatever came in.

mod audit;
pub(crate) mod day;
mod defects;
mod random;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use super::Market;
use crate::records::Record;
use crate::records::bodies::Body;
use crate::records::refusals::Refusal;

/// The generator of all random commands; the same seed gives the same day.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits (xorshift).
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.word() >> 11) % bound
    }

    /// One of a few values.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A command's record.
pub fn command<B: Body>(kind: u8, book: (u16, u8), time: i64, body: &B) -> Record {
    let mut record = Record::ZERO;
    record.put(8, time);
    record.put(16, kind);
    record.put(18, book.0);
    record.put(22, u16::from(book.1));
    body.write(&mut record);
    record
}

/// Runs a batch on a market of which nothing is wrong and gives what it told.
pub fn told(market: &mut Market, batch: &[Record]) -> Vec<Record> {
    let mut out = Vec::new();
    market.run(batch, &mut out).expect("every batch is one");
    out
}

/// Works something whose panics are asked for: their messages would only fill the screen.
pub fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    outcome.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Runs one command on a market that may be poisoned, as the guard of the modes does; was it
/// caught?
pub fn told_guarded(market: &mut Market, run: &[Record], out: &mut Vec<Record>) -> bool {
    let worked = panic::catch_unwind(AssertUnwindSafe(|| market.run(run, out)));
    if worked.is_ok() {
        return false;
    }
    market.abort(out).expect("a command was at hand");
    market.refuse(run, Refusal::of(5, run[0].kind().into()), out);
    true
}
