"""`evermarket twin ...`: the second core's own command line; words and exit codes pass through."""

import os

import typer


def twin(context: typer.Context) -> None:
    """The second core, a program of another make: pipe, replay, recover, match, bench (its own --help)."""
    from evermarket.twin import find_binary

    binary = find_binary()
    os.execv(binary, [str(binary), *context.args])
