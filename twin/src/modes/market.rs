//! The market as a core for the modes.

use super::core::{Level, Matching};
use crate::market::Market;
use crate::records::Record;

/// Where the time stands in a record (docs/format.md section 2).
const TIME: std::ops::Range<usize> = 8..16;

/// The market, and the last time it was given: a batch in which a time goes back is refused whole.
#[derive(Default)]
pub struct Timed {
    market: Market,
    last: Option<i64>,
}

impl Timed {
    /// An empty market.
    pub fn new() -> Self {
        Self::default()
    }

    /// The last time of a batch whose times never go back.
    fn times(&self, batch: &[Record]) -> Result<Option<i64>, String> {
        let mut last = self.last;
        for (at, record) in batch.iter().enumerate() {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&record.0[TIME]);
            let time = i64::from_le_bytes(bytes);
            if let Some(before) = last.filter(|before| time < *before) {
                return Err(format!(
                    "times must not go back: record {at} of the batch has time {time}, the one before it {before}"
                ));
            }
            last = Some(time);
        }
        Ok(last)
    }
}

impl Matching for Timed {
    fn run(&mut self, batch: &[Record], out: &mut Vec<Record>) -> Result<(), String> {
        let last = self.times(batch)?;
        self.market.run(batch, out)?;
        self.last = last;
        Ok(())
    }

    fn digest(&self) -> u64 {
        self.market.digest()
    }

    fn position(&self) -> u64 {
        self.market.position()
    }

    fn live(&self) -> u64 {
        self.market.live()
    }

    fn depth(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.market.depth(instrument, segment, levels)
    }

    fn unfilled(&self, instrument: u32, segment: u8, levels: usize) -> [Vec<Level>; 2] {
        self.market.unfilled(instrument, segment, levels)
    }
}
