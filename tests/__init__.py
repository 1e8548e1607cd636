"""Tests, by kind of doubt: see README.md."""
