"""The hall: the running exchange, its sessions and what it tells its members."""
