"""The running exchange: so far its law of durability and switching, in `protocol/`. The text is docs/protocol.md."""
