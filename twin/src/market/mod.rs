//! The market: aggregates over the store, and every rule of the format.

use crate::records::Record;

/// A market of one partition and trading day.
pub struct Market {}

impl Market {
    /// new
    pub fn new() -> Self {
        Self {}
    }
    /// run
    pub fn run(&mut self, _batch: &[Record], _out: &mut Vec<Record>) -> Result<(), String> {
        Ok(())
    }
    /// digest
    pub fn digest(&self) -> u64 {
        0
    }
}
