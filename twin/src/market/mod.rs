//! The market: aggregates over the store, and every rule of the format.
