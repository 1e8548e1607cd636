"""Real processes, real sockets, real files: a whole venue on this machine."""
