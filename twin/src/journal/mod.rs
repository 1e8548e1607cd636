//! The journal on disk: segments, blocks, chain.
//!
//! `frame` says what the framing records are, `cursor` what may follow what, `reader` and `recovery` read a folder, `writer`
//! appends to one. Source of every rule: docs/format.md section 8.

pub mod bytes;
pub mod crc32;
pub mod cursor;
pub mod disk;
pub mod frame;
pub mod lock;
pub mod promise;
pub mod reader;
pub mod recovery;
pub mod sha256;
pub mod trouble;
pub mod writer;
