"""The hall: what makes a core a running exchange."""
