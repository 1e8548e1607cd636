"""The words of the house, held against docs/format.md."""
