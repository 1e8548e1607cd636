//! Records seen as the bytes they are on disk and on a line, and single fields of them.

use crate::records::{RECORD_BYTES, Record};

const _: () = assert!(
    size_of::<Record>() == RECORD_BYTES,
    "a record has no padding"
);

/// A record of zeros: an empty slot.
pub const EMPTY: Record = Record([0; RECORD_BYTES]);

/// The bytes of a row of records.
pub fn bytes(records: &[Record]) -> &[u8] {
    // SAFETY: a record is `repr(C)` around 64 bytes and exactly that large (asserted above), so the memory of the slice is
    // `size_of_val` initialised bytes in one allocation; bytes have no alignment; the lifetime is the argument's.
    unsafe { std::slice::from_raw_parts(records.as_ptr().cast::<u8>(), size_of_val(records)) }
}

/// The same, to read into.
pub fn bytes_mut(records: &mut [Record]) -> &mut [u8] {
    // SAFETY: as in `bytes`; every pattern of bytes is a valid record, and the borrow is the argument's, exclusive.
    unsafe {
        std::slice::from_raw_parts_mut(records.as_mut_ptr().cast::<u8>(), size_of_val(records))
    }
}

/// The unsigned number of two bytes at `at`.
pub fn u16_at(record: &Record, at: usize) -> u16 {
    u16::from_le_bytes([record.0[at], record.0[at + 1]])
}

/// The unsigned number of four bytes at `at`.
pub fn u32_at(record: &Record, at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| record.0[at + i]))
}

/// The unsigned number of eight bytes at `at`.
pub fn u64_at(record: &Record, at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| record.0[at + i]))
}

/// The signed number of eight bytes at `at`.
pub fn i64_at(record: &Record, at: usize) -> i64 {
    u64_at(record, at) as i64
}

/// Writes a field's bytes.
pub fn put(record: &mut Record, at: usize, field: &[u8]) {
    record.0[at..at + field.len()].copy_from_slice(field);
}

/// The header's position.
pub fn position(record: &Record) -> u64 {
    u64_at(record, 0)
}

/// The header's kind.
pub fn kind(record: &Record) -> u8 {
    record.0[16]
}

/// Lower-case hexadecimal, as the vectors write records.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble as u32, 16).unwrap_or('?');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
