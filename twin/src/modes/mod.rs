//! What the process does: pipe, recover, match, replay.

pub mod core;
