"""FIX: the wire, the session by its published acceptance definitions, translation, and real engines as clients."""
