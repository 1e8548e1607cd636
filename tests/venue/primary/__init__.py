"""The primary's process and its parts."""
