//! What the process does: pipe, recover, match, replay.

pub mod core;
pub mod features;
pub mod guard;
pub mod pipe;
pub mod toy;
