"""The first record in which a journal and a core, or two journals, differ; and what the books were before it.

A journal's records are official: they were told. The other side is a second journal, or a core that runs the first
journal's commands. Every record is compared, and the state digest at the end of every block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evermarket.continuity.runs import commands_of, first_unequal, runs_of
from evermarket.day.cores import NAMES, open_core
from evermarket.day.runner import MatchingCore
from evermarket.journal import Journal, first_difference
from evermarket.records import HEADER, Records
from evermarket.records.kinds import FIRST_EVENT, Make
from evermarket.records.raw import join
from evermarket.records.units import SEGMENT_BITS

LEVELS = 5
Level = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Before:
    """What one core knew just before the command: digest, and the best levels of the command's book."""

    core: str
    digest: int
    bids: list[Level]
    asks: list[Level]


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: "record", "digest" or "end". `left`, `right`: the record as bytes, None where that side has none.

    `prefix` are the commands up to and including the one that caused it, `before` the states that both makes had.
    """

    what: str
    position: int
    left: bytes | None
    right: bytes | None
    digests: tuple[int, int] | None
    prefix: Records = field(repr=False)
    command: bytes
    before: list[Before]


def compare(left: Path, right: str, progress: Callable[[int], None] = lambda _: None) -> Difference | None:
    """`right` is a journal's folder or a core's name. None: the same to the end. Errors: those of the journals."""
    if right in NAMES:
        return _with_core(left, right, progress)
    return _with_journal(left, Path(right))


def _with_core(left: Path, name: str, progress: Callable[[int], None]) -> Difference | None:
    core = open_core(name)
    journal = Journal.open(left)
    done: list[Records] = []
    for block in journal.blocks():
        commands = commands_of(block.records)
        told = core.run(commands)
        done.append(commands)
        at = first_unequal(block.records, told)
        if at is not None:
            a, b = (one[at : at + 1].tobytes() or None for one in (block.records, told))
            prefix = _up_to(join(done), block.first + at)
            return _difference("record", block.first + at, a, b, None, prefix, (_make(journal), name))
        if block.digest != int(core.digest):
            pair = (block.digest, int(core.digest))
            return _difference("digest", block.position, None, None, pair, join(done), (_make(journal), name))
        progress(block.position)
    return None


def _with_journal(left: Path, right: Path) -> Difference | None:
    a, b = Journal.open(left), Journal.open(right)
    found = first_difference(a, b)
    if found is None:
        return None
    prefix = _up_to(join(list(a.commands())), found.position)
    records = [_record(one, found.position) for one in (a, b)]
    what = found.what if found.what in {"record", "digest"} else "end"
    digests = None
    if what == "digest":
        (_, x, y) = found.fields[0]
        digests = (int(x, 16), int(y, 16))
    return _difference(what, found.position, records[0], records[1], digests, prefix, (_make(a), _make(b)))


def _difference(
    what: str,
    position: int,
    left: bytes | None,
    right: bytes | None,
    digests: tuple[int, int] | None,
    prefix: Records,
    makes: Sequence[str],
) -> Difference:
    runs = runs_of(prefix)
    head = runs[-1][:1] if runs else np.zeros(1, HEADER)
    before = [_before(name, join(runs[:-1]), head) for name in makes]
    return Difference(what, position, left, right, digests, prefix, head.tobytes(), before)


def _before(name: str, commands: Records, head: Records) -> Before:
    core: MatchingCore = open_core(name)
    core.run(commands)
    segment = int(head["attributes"][0]) & SEGMENT_BITS
    bids, asks = core.depth(int(head["instrument"][0]), segment, LEVELS)
    return Before(name, int(core.digest), _levels(bids), _levels(asks))


def _levels(levels: Sequence[Any]) -> list[Level]:
    return [(int(price), int(qty), int(count)) for price, qty, count in levels]


def _up_to(commands: Records, position: int) -> Records:
    """The commands that stand at or before a position."""
    return commands[: int(np.searchsorted(commands["position"], position, side="right"))]


def _record(journal: Journal, position: int) -> bytes | None:
    part = next(journal.records(position, position), None)
    return part[:1].tobytes() if part is not None and len(part) else None


def _make(journal: Journal) -> str:
    """The name of the make whose epoch the journal begins with."""
    epochs = journal.epochs()
    return "twin" if epochs and epochs[0].make == Make.TWIN else "primary"


def is_event(record: bytes | None) -> bool:
    """Whether the bytes are an event, not a command."""
    return record is not None and record[16] >= FIRST_EVENT
