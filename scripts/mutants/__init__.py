"""Mutation of both cores: does a day notice a planted fault? `python -m scripts.mutants --help`."""
