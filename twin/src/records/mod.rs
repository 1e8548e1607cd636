//! The record of `docs/format.md`: 64 bytes, little-endian.

/// The bytes of one record.
pub const RECORD_BYTES: usize = 64;

/// One record as it lies in a journal and on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Record(pub [u8; RECORD_BYTES]);
