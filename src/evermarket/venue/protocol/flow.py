"""The flow of every line, as a fold of the journal (docs/sessions.md): what it is told, which ids it has used.

Only indexes are kept: a line's positions, its client order ids with the position of their command, whose order a number
is, who sent the command behind an event, and the positions of the public flow; 10 to 18 bytes a record of the day. The
fold takes whole blocks, released or not: the reader says up to where. A client order id only grows on its line, so
"have I seen it" is one comparison.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from evermarket.records import Records
from evermarket.venue.protocol.kernels import folding as k
from evermarket.venue.protocol.kernels.words import WORDS, Lines, Words

LINES = 65_536
FLOW_ROWS = 1 << 14

Positions = npt.NDArray[np.int64]
Rows = TypeVar("Rows", Words, Lines)


def words_of(records: Records) -> Words:
    """The same memory as eight words a record."""
    words: Words = records.view(np.uint64).reshape(-1, WORDS)
    return words


class Flow:
    """All lines of a partition, line 0 among them. `rows`: room of each array at the start. An array that is full is
    copied to one twice as large, which stops the market for as long; memory that no row has touched costs nothing, so
    a core of a whole day begins with room for it."""

    def __init__(self, rows: int = FLOW_ROWS) -> None:
        self.order_line = np.zeros(rows, np.uint16)
        self.senders = np.zeros(rows, np.uint16)
        self.heads = np.zeros((LINES, 3), np.int64)
        self.positions = np.zeros((rows, 1), np.uint64)
        self.public_positions = np.zeros((rows, 1), np.uint64)
        self._id_heads = np.zeros((LINES, 3), np.int64)
        self._ids = np.zeros((rows, 2), np.uint64)
        self._counters = np.zeros(k.COUNTERS, np.int64)
        self._lasts = array("Q")
        self._order_nos = array("Q")

    @property
    def order_no(self) -> int:
        """The last order number given."""
        return int(self._counters[k.LAST_ORDER_NO])

    @property
    def public_end(self) -> int:
        """Rows of the public flow."""
        return int(self._counters[k.PUBLIC_USED])

    def areas(self) -> Iterator[tuple[str, npt.NDArray[Any], int]]:
        """Each array that grows with the day, by name, and how many of its rows hold something."""
        last, counters = self._lasts[-1] if self._lasts else 0, self._counters
        yield "order_line", self.order_line, self.order_no
        yield "senders", self.senders, last
        yield "positions", self.positions, int(counters[k.FLOW_USED])
        yield "public_positions", self.public_positions, self.public_end
        yield "ids", self._ids, int(counters[k.IDS_USED])

    def fold(self, records: Records, last: int) -> None:
        """Add the stream of a block that ends at position `last`."""
        n = len(records)
        self.order_line = _with_room(self.order_line, self.order_no + 2 * n + 1)
        self.senders = _with_room(self.senders, last + 1)
        self.public_positions = _with_room(self.public_positions, self.public_end + n)
        words, done = words_of(records), 0
        while (done := self._fold(words, done)) < n:
            self.positions = _with_room(self.positions, 2 * len(self.positions))
            self._ids = _with_room(self._ids, 2 * len(self._ids))
        self._lasts.append(last)
        self._order_nos.append(self.order_no)

    def cut(self, position: int) -> None:
        """Forget everything behind a position, the last of a block."""
        k.cut(self.heads, self.positions, 0, position)
        k.cut(self._id_heads, self._ids, 1, position)
        kept, highest = bisect_right(self._lasts, position), self.order_no
        del self._lasts[kept:], self._order_nos[kept:]
        counters = self._counters
        counters[k.LAST_ORDER_NO] = self._order_nos[-1] if self._order_nos else 0
        counters[k.PUBLIC_USED] = np.searchsorted(self.public, position, side="right")
        self.order_line[self.order_no + 1 : highest + 1] = 0

    # --- a line ---------------------------------------------------------------------------------------------------

    def own(self, line: int) -> Positions:
        """Every position that a line is told of."""
        start, length = self.heads[line, :2]
        return self.positions[start : start + length, 0].view(np.int64)

    @property
    def public(self) -> Positions:
        """Every position of the public flow."""
        return self.public_positions[: self.public_end, 0].view(np.int64)

    def last_id(self, line: int) -> int:
        """The largest id that the journal holds of a line, 0 if none."""
        start, length = self._id_heads[line, :2]
        return int(self._ids[start + length - 1, 0]) if length else 0

    def first_from(self, line: int, cl_ord_id: int) -> tuple[int, int]:
        """The smallest id of a line that is not below this one, and the position of its command; zeros if none."""
        start, length = self._id_heads[line, :2]
        rows = self._ids[start : start + length]
        at = int(np.searchsorted(rows[:, 0], np.uint64(cl_ord_id)))
        return (int(rows[at, 0]), int(rows[at, 1])) if at < length else (0, 0)

    def outcome(self, line: int, position: int) -> tuple[int, int]:
        """The first event that a line is told behind a command at a position: how many come before it, its position."""
        own = self.own(line)
        at = int(np.searchsorted(own, position, side="right"))
        return at, int(own[at])

    def _fold(self, words: Words, start: int) -> int:
        lists = (self.heads, self.positions, self._id_heads, self._ids, self.public_positions)
        return k.fold(words, start, self.order_line, self.senders, *lists, self._counters)


def _with_room(rows: Rows, needed: int) -> Rows:
    """The same rows in an array of at least so many, twice as large if it must grow."""
    if needed <= len(rows):
        return rows
    grown = np.zeros((max(needed, 2 * len(rows)), *rows.shape[1:]), rows.dtype)
    grown[: len(rows)] = rows
    return grown
