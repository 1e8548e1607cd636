//! What the process does: pipe, recover, match, replay, bench.
//!
//! Every mode takes a core through the trait `core::Matching` and knows nothing of its inside.

pub mod bench;
pub mod cli;
pub mod compare;
pub mod core;
pub mod features;
pub mod feed;
pub mod follow;
pub mod guard;
pub mod json;
pub mod keep;
pub mod market;
pub mod pipe;
pub mod plant;
pub mod promote;
pub mod recover;
pub mod replay;
pub mod serve;
pub mod settling;
pub mod source;
pub mod status;
pub mod toy;
pub mod wire;
