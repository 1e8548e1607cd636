//! The journal on disk: segments, blocks, chain.
