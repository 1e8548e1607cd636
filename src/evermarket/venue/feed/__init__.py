"""The public market data: a fold of the released stream, its channels, and what a reader needs (docs/feed.md)."""
