//! The record of `docs/format.md`: 64 bytes, little-endian.
//!
//! A header of 24 bytes that all kinds share, a body of 40 that depends on the kind (sections 2
//! and 4). [`bodies`] names the fields, [`vocabulary`] their values, [`refusals`] the answers of
//! a refusing core, [`mixer`] the terms of the state digest, [`show`] reads a record aloud.

pub mod bodies;
pub mod mixer;
pub mod refusals;
pub mod show;
pub mod vocabulary;
pub mod wire;

use wire::Wire;

/// The bytes of one record.
pub const RECORD_BYTES: usize = 64;

/// The price that is none (format.md section 1).
pub const NO_PRICE: i64 = i64::MIN;
/// The largest price (format.md section 1).
pub const PRICE_MAX: i64 = 10_000_000_000;
/// The largest quantity of one order (format.md section 1).
pub const QTY_MAX: u32 = (1 << 28) - 1;

/// One record as it lies in a journal and on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Record(pub [u8; RECORD_BYTES]);

impl Record {
    /// All bytes zero.
    pub const ZERO: Self = Self([0; RECORD_BYTES]);

    /// The value of type `T` at a byte.
    #[inline]
    pub fn get<T: Wire>(&self, at: usize) -> T {
        T::get(&self.0, at)
    }

    /// Writes a value at a byte.
    #[inline]
    pub fn put<T: Wire>(&mut self, at: usize, value: T) {
        value.put(&mut self.0, at);
    }

    /// Place in the stream.
    #[inline]
    pub fn position(&self) -> u64 {
        self.get(0)
    }

    /// When the sequencer took the command.
    #[inline]
    pub fn time(&self) -> i64 {
        self.get(8)
    }

    /// What the record is (format.md section 3).
    #[inline]
    pub fn kind(&self) -> u8 {
        self.0[16]
    }

    /// Bits 0-3 texts that follow, 4 poss-resend, 5 covered, 6 delete at a switch.
    #[inline]
    pub fn flags(&self) -> u8 {
        self.0[17]
    }

    /// The instrument; 0 is none, or all.
    #[inline]
    pub fn instrument(&self) -> u16 {
        self.get(18)
    }

    /// Refusal, reason, phase, trade kind: by kind.
    #[inline]
    pub fn code(&self) -> u16 {
        self.get(20)
    }

    /// Segment, order category, investor kind, channel.
    #[inline]
    pub fn attributes(&self) -> u16 {
        self.get(22)
    }

    /// The segment's bits of the attributes.
    #[inline]
    pub fn segment(&self) -> u8 {
        self.0[22] & 15
    }

    /// Stamps the place in the stream.
    #[inline]
    pub fn set_position(&mut self, position: u64) {
        self.put(0, position);
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::ZERO
    }
}
