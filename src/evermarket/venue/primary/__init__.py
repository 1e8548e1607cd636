"""The primary core as a process: the protocol's node with real sockets, files and the compiled core round it."""
