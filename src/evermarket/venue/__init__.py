"""The running exchange; its law of durability, switching and sessions is in `protocol/`. The text: docs/protocol.md."""
