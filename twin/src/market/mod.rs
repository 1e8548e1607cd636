//! The market: aggregates over the store, and every rule of the format.
//!
//! A command goes through [`batch`] (framing, one transaction each), [`admission`] (line, ids,
//! numbers, rights) and the file of its kind. State lies in [`tables`]; [`queue`] keeps the sides
//! of the books. Nothing here reads a clock, a file or a random number: the same commands give the
//! same bytes, in whatever batches they come.

mod admission;
mod ahead;
mod auction;
mod band;
mod batch;
mod call;
mod changes;
mod core;
mod definitions;
mod depth;
mod entering;
mod lots;
mod mass;
mod phase;
mod prices;
mod queue;
mod quotes;
mod reference;
mod special;
mod sweep;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod unused;

use self::core::Core;
use crate::records::Record;
use crate::records::refusals::Refusal;

pub use depth::Levels;

/// Live orders to a price level, about.
const ORDERS_A_LEVEL: usize = 4;

/// A market of one partition and trading day.
pub struct Market {
    core: Core,
}

impl Market {
    /// An empty market.
    pub fn new() -> Self {
        Self { core: Core::new() }
    }

    /// An empty market with memory for so many live orders, in large pages where the system has
    /// them: up to there no command waits for a page.
    pub fn with_room(orders: usize) -> Self {
        let mut market = Self::new();
        let db = &mut market.core.db;
        db.orders.reserve(orders);
        db.levels.reserve(orders / ORDERS_A_LEVEL);
        // The first large page of each holds more than a market has.
        db.lines.reserve(1);
        db.instruments.reserve(1);
        db.books.reserve(1);
        db.tops.reserve(1);
        db.tallies.reserve(1);
        market
    }

    /// Runs a batch: each command with its position, then its events, appended to `out`.
    ///
    /// # Errors
    /// A sentence where the batch is not one; the market is then unchanged. Every sequence of
    /// records is one: what is no command is answered by REJECTED (format.md 4.2).
    pub fn run(&mut self, batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        std::mem::swap(&mut self.core.out, out);
        self.core.run_batch(batch);
        std::mem::swap(&mut self.core.out, out);
        Ok(())
    }

    /// After [`Market::run`] panicked: back to before the command that was at hand. `out` then has
    /// what it had before `run` and what the commands before that one told.
    ///
    /// # Errors
    /// A sentence where the panic was not a command's; the market is then not to be used.
    pub fn abort(&mut self, out: &mut Vec<Record>) -> Result<(), String> {
        let aborted = self.core.abort();
        std::mem::swap(&mut self.core.out, out);
        aborted.map_err(str::to_string)
    }

    /// Writes a run and its refusal instead of working it. Numbers and ids are used up as by any
    /// refused command; UNKNOWN_KIND, BROKEN_RUN and UNUSED_BYTES go before the refusal given.
    pub fn refuse(&mut self, run: &[Record], refusal: Refusal, out: &mut Vec<Record>) {
        std::mem::swap(&mut self.core.out, out);
        self.core.refuse_run(run, refusal);
        std::mem::swap(&mut self.core.out, out);
    }

    /// Makes it panic at the trade after so many.
    #[cfg(test)]
    pub(crate) fn poison(&mut self, trades: u32) {
        self.core.poison = Some(trades);
    }

    /// The state digest (format.md section 7).
    pub fn digest(&self) -> u64 {
        self.core
            .now
            .orders_digest
            .wrapping_add(self.core.books_digest)
    }

    /// The last position given.
    pub fn position(&self) -> u64 {
        self.core.now.position
    }

    /// How many orders are live.
    pub fn live(&self) -> u64 {
        self.core.db.orders.len() as u64
    }

    /// Price, quantity and number of orders of the first levels, buys then sells, best first;
    /// market orders are the top level at `NO_PRICE`. Nothing where there is no such book.
    pub fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Levels; 2] {
        let book = u16::try_from(instrument).ok();
        book.and_then(|instrument| self.core.find_book(instrument, segment))
            .map_or_else(Default::default, |book| self.core.depth(book, levels))
    }

    /// The depth that the simulated match (format.md 6.3) would leave: its volume is taken from
    /// the first orders of each side.
    pub fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Levels; 2] {
        let book = u16::try_from(instrument).ok();
        book.and_then(|instrument| self.core.find_book(instrument, segment))
            .map_or_else(Default::default, |book| self.core.unfilled(book, levels))
    }
}

impl Default for Market {
    fn default() -> Self {
        Self::new()
    }
}
