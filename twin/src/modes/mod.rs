//! What the process does: pipe, recover, match, replay, bench.
//!
//! Every mode takes a core through the trait `core::Matching` and knows nothing of its inside.

pub mod bench;
pub mod bench_door;
pub mod cli;
pub mod compare;
pub mod core;
pub mod features;
pub mod feed;
pub mod follow;
pub mod guard;
pub mod house;
pub mod json;
pub mod judge;
pub mod keep;
pub mod market;
pub mod own;
pub mod owner;
pub mod pipe;
pub mod plant;
pub mod promote;
pub mod recover;
pub mod replay;
pub mod serve;
pub mod settings;
pub mod settling;
pub mod source;
pub mod status;
pub mod steps;
pub mod toy;
pub mod wire;
