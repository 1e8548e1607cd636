//! The journal on disk: segments, blocks, chain.

pub mod bytes;
pub mod crc32;
pub mod frame;
pub mod sha256;
