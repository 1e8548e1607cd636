"""Commands as runs: a head and the TEXT records it announced, which no batch may part (docs/format.md, section 4.1)."""

from typing import Final

import numpy as np

from evermarket.records import HEADER, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.raw import take

WORDS: Final = HEADER.itemsize // 8


def commands_of(stream: Records) -> Records:
    """The commands of a stream, in order, as a copy."""
    return take(stream, np.flatnonzero(stream["kind"] < FIRST_EVENT), HEADER)


def runs_of(commands: Records) -> list[Records]:
    """Each head with the texts that follow it, as views."""
    heads = np.flatnonzero(commands["kind"] != Kind.TEXT)
    if len(commands) and (not len(heads) or heads[0] != 0):
        heads = np.concatenate([[0], heads])  # a text without a head is a command that gets refused
    return [commands[at:end] for at, end in zip(heads, [*heads[1:], len(commands)], strict=True)]


def first_unequal(left: Records, right: Records) -> int | None:
    """The first place at which two streams are not the same bytes, the end of the shorter one included."""
    count = min(len(left), len(right))
    a, b = (one[:count].view("<u8").reshape(count, WORDS) for one in (left, right))
    unlike = np.flatnonzero((a != b).any(axis=1))
    if len(unlike):
        return int(unlike[0])
    return None if len(left) == len(right) else count
