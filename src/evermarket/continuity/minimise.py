"""The fewest commands on which two cores still differ: chunks are left out, then halves of chunks, down to single ones.

The method is delta debugging (Zeller and Hildebrandt 2002): first drop large pieces, keep what still differs, halve the
pieces. Time is not mended after a cut: what is left keeps its order, so times still never go back.
"""

from collections.abc import Callable

from evermarket.continuity.runs import first_unequal, runs_of
from evermarket.day.runner import MatchingCore
from evermarket.records import Records
from evermarket.records.raw import duplicate, join

Fresh = Callable[[], MatchingCore]
"""Gives an empty market."""


def differ(left: Fresh, right: Fresh, commands: Records) -> bool:
    """Whether two empty markets answer the commands differently, in any record or in the digest."""
    one, other = left(), right()
    told = duplicate(one.run(commands))
    return first_unequal(told, other.run(commands)) is not None or int(one.digest) != int(other.digest)


def minimise(left: Fresh, right: Fresh, commands: Records, trials: int = 2_000) -> Records | None:
    """A smallest list of runs that still differs (no single run can be left out), or the best after `trials` attempts.

    None if the two agree on all of the commands: then the difference is not in the cores.
    """
    if not differ(left, right, commands):
        return None
    kept = runs_of(commands)
    size = max(len(kept) // 2, 1)
    while trials > 0:
        at, shrunk = 0, False
        while at < len(kept) and trials > 0:
            rest = kept[:at] + kept[at + size :]
            trials -= 1
            if rest and differ(left, right, join(rest)):
                kept, shrunk = rest, True
            else:
                at += size
        if size == 1 and not shrunk:
            break
        size = max(size // 2, 1)
    return join(kept)
