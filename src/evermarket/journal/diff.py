"""The first difference between two journals of the same day, field by field.

What is compared: the records by position, whatever blocks they are in, and the state digest wherever both have a block
that ends at the same position. Times, chains and epochs of the framing are the business of each journal alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evermarket.journal.describe import as_dict, as_line
from evermarket.journal.frames import Block, flat
from evermarket.journal.reader import Journal
from evermarket.records import LAYOUT, RECORD_BYTES, Kind, Records


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: "record", "digest", "end of a" or "end of b". `fields`: name, value in a, value in b."""

    what: str
    position: int
    fields: tuple[tuple[str, Any, Any], ...] = ()
    a_line: str = ""
    b_line: str = ""


class _Side:
    """One journal, handed out in pieces of any length."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self.block: Block | None = None
        self.rest: Records | None = None
        self.advance(0)

    def advance(self, count: int) -> None:
        if self.rest is not None:
            self.rest = self.rest[count:]
        if self.rest is None or not len(self.rest):
            self.block = next(self._blocks, None)
            self.rest = None if self.block is None else self.block.records


def first_difference(a: Journal, b: Journal, from_position: int = 1) -> Difference | None:
    """None if the two say the same up to the end. Errors: JournalDamaged of either."""
    left, right = _Side(a.blocks(from_position)), _Side(b.blocks(from_position))
    _align(left, right)
    while left.block is not None and right.block is not None:
        assert left.rest is not None
        assert right.rest is not None
        count = min(len(left.rest), len(right.rest))
        at = _first_unequal(left.rest[:count], right.rest[:count])
        if at is not None:
            return _of_records(left.rest[at], right.rest[at])
        position = int(left.rest["position"][count - 1])
        ends = left.block.position == position == right.block.position
        if ends and left.block.digest != right.block.digest:
            sums = (("digest", f"{left.block.digest:016x}", f"{right.block.digest:016x}"),)
            return Difference("digest", position, sums)
        left.advance(count)
        right.advance(count)
    return _of_ends(left, right)


def _align(left: _Side, right: _Side) -> None:
    """Blocks may begin before the position asked for, in one journal earlier than in the other."""
    while left.rest is not None and right.rest is not None:
        ahead = int(left.rest["position"][0]) - int(right.rest["position"][0])
        if ahead == 0:
            return
        late = right if ahead > 0 else left
        assert late.rest is not None
        late.advance(min(abs(ahead), len(late.rest)))


def _first_unequal(a: Records, b: Records) -> int | None:
    same = flat(a).reshape(-1, RECORD_BYTES).view(np.uint64) == flat(b).reshape(-1, RECORD_BYTES).view(np.uint64)
    if same.all():
        return None
    return int(np.flatnonzero(~same.all(axis=1))[0])


def _of_records(a: np.void, b: np.void) -> Difference:
    words_a, words_b = as_dict(a), as_dict(b)
    names = list(dict.fromkeys([*words_a, *words_b]))
    fields: list[tuple[str, Any, Any]] = [
        (n, words_a.get(n), words_b.get(n)) for n in names if words_a.get(n) != words_b.get(n)
    ]
    raw_a, raw_b = a.tobytes(), b.tobytes()
    unnamed = [at for at in range(RECORD_BYTES) if raw_a[at] != raw_b[at] and not _named(raw_a[16], at)]
    fields.extend((f"byte {at}", raw_a[at], raw_b[at]) for at in unnamed)
    return Difference("record", int(a["position"]), tuple(fields), as_line(a), as_line(b))


def _named(kind: int, at: int) -> bool:
    if kind not in LAYOUT:
        return at < 24
    dtype = LAYOUT[Kind(kind)]
    assert dtype.fields is not None
    return any(field[1] <= at < field[1] + field[0].itemsize for field in dtype.fields.values())


def _of_ends(left: _Side, right: _Side) -> Difference | None:
    if left.rest is None and right.rest is None:
        return None
    longer, what = (right, "end of a") if left.rest is None else (left, "end of b")
    assert longer.rest is not None
    line = as_line(longer.rest[0])
    position = int(longer.rest["position"][0])
    return Difference(what, position, (), *(("", line) if what == "end of a" else (line, "")))
