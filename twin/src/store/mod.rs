//! The in-memory store: typed tables, indexes, links, transactions, triggers.
