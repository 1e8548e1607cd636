//! Settlement as a stream of trades.
