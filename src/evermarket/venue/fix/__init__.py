"""FIX 4.4 at the venue's door: wire, session, translation, and a thin TCP shell (docs/fix.md)."""
