//! Evermarket's second core, of different make.
//!
//! Written from `docs/format.md`, the rulebook and the vectors alone. Imports point down this list.

pub mod modes;

pub mod door;

pub mod pipeline;

pub mod settlement;

pub mod journal;

pub mod market;

pub mod store;

pub mod records;
