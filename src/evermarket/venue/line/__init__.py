"""The line between an owner and whoever follows its journal (docs/twin.md, Following): followers and readers."""
