"""The fold of the released stream into public books and the records of the feed's two incremental channels.

`FeedFold().take(stream)` gives what each channel says of an array of the stream; sequences are a function of the
stream alone, whatever the arrays and whichever core wrote it. An array holds whole commands with all their events, as
a journal's block does. Nothing of accounts, members, lines or client ids is even read.
Units: prices 1/10 000, quantities in the smallest unit. Known gap: memory of 24 bytes an order number of the day.
"""

from typing import NamedTuple

import numpy as np

from evermarket.core.jit import JIT
from evermarket.core.state import WIDE as STREAM
from evermarket.records import HEADER, Records
from evermarket.records.feed import WIDE
from evermarket.records.raw import WHOLE
from evermarket.venue.feed.kernels import words as f
from evermarket.venue.feed.kernels.run import fold
from evermarket.venue.feed.kernels.state import Array, State, empty_state, grown


class Told(NamedTuple):
    """What the channels say, records in their sequence; `position` of each is its sequence."""

    by_order: Records
    by_level: Records


class BrokenStreamError(ValueError):
    """What was given is no released stream: a position is missing, or an event names what was never defined."""


class FeedFold:
    """The public books of one partition's day.

    Example: `told = FeedFold().take(core.run(commands))`.
    """

    def __init__(self) -> None:
        self._state = empty_state()
        self._counters = self._state.core[0]
        self._broken = ""

    def __repr__(self) -> str:
        return f"<FeedFold position {self.position}, {self.books} books, {self.live} live orders>"

    @property
    def state(self) -> State:
        """The arrays themselves, to be read."""
        return self._state

    @property
    def position(self) -> int:
        """Position of the last record taken."""
        return int(self._counters["position"])

    @property
    def time(self) -> int:
        """Time of the last command taken."""
        return int(self._counters["time"])

    @property
    def books(self) -> int:
        """Books defined."""
        return int(self._counters["books"])

    @property
    def live(self) -> int:
        """Orders that stand in books."""
        return int(self._counters["live"])

    @property
    def trades(self) -> int:
        """Trades of books so far; none reported off book."""
        return int(self._counters["trades"])

    @property
    def sequences(self) -> tuple[int, int]:
        """Last sequence by order, by level."""
        return int(self._counters["order_seq"]), int(self._counters["level_seq"])

    def take(self, stream: Records) -> Told:
        """Fold an array of whole commands with their events.

        Raises BrokenStreamError, now and at every later call, if the stream goes on elsewhere or cannot be one.
        """
        if self._broken:
            raise BrokenStreamError(self._broken)
        rows = np.ascontiguousarray(stream).view(STREAM)
        orders: list[Array] = []
        levels: list[Array] = []
        done = 0
        while True:
            done, status = self._call(rows, done)
            rows_told = self._take_away(orders, levels)
            if status == f.DONE:
                return Told(_joined(orders), _joined(levels))
            self._make_room(int(done), int(status), rows, rows_told)

    def _call(self, rows: Array, done: int) -> tuple[int, int]:
        if JIT:
            done, status = fold(self._state, rows, done)
        else:
            with np.errstate(over="ignore"):
                done, status = fold(self._state, rows, done)
        return int(done), int(status)

    def _take_away(self, orders: list[Array], levels: list[Array]) -> int:
        counters = self._counters
        told = (int(counters["order_rows"]), int(counters["level_rows"]))
        if told[0]:
            orders.append(self._state.by_order[: told[0]].view(WHOLE).copy())
        if told[1]:
            levels.append(self._state.by_level[: told[1]].view(WHOLE).copy())
        counters["order_rows"] = counters["level_rows"] = 0
        return max(told)

    def _make_room(self, done: int, status: int, rows: Array, told: int) -> None:
        state = self._state
        if status == f.OUT_FULL:
            if told == 0:
                size = 2 * len(state.by_level)
                self._grow(by_order=np.zeros(size, WIDE), by_level=np.zeros(size, WIDE))
        elif status == f.MORE_LEVELS:
            self._grow(levels=grown(state.levels, 2 * len(state.levels)))
        elif status == f.MORE_ORDERS and len(state.orders) <= 4 * int(rows["position"][done]) + 2**17:
            self._grow(orders=grown(state.orders, 2 * len(state.orders)))
        else:
            self._broken = _what(status, rows, done, self.position)
            raise BrokenStreamError(self._broken)

    def _grow(self, **tables: Array) -> None:
        self._state = self._state._replace(**tables)

    def book_of(self, instrument: int, segment: int = 1) -> int:
        """Row of a book in `state.books`, 0 if it is not defined."""
        return int(self._state.book_of[instrument * 16 + segment])

    def depth(self, instrument: int, segment: int = 1, levels: int = 5) -> tuple[list[tuple[int, int, int]], ...]:
        """Bids and asks as the orders stand, best first, rows (price, qty, count): what `Core.depth` answers."""
        book = self.book_of(instrument, segment)
        return self._side(book, 0, levels), self._side(book, 1, levels)

    def _side(self, book: int, side: int, levels: int) -> list[tuple[int, int, int]]:
        row = self._state.sides[2 * book + side]
        end = int(row["at"]) + int(row["used"])
        best_first = self._state.levels[max(int(row["at"]), end - levels) : end][::-1]
        sign = 1 if side == 0 else -1
        return [
            (-(2**63) if key == f.MARKET_KEY else sign * key, qty, count) for key, qty, count in best_first.tolist()
        ]

    def told(self, instrument: int, segment: int = 1) -> tuple[list[tuple[int, int, int]], ...]:
        """Bids and asks as the channel by level told them last, best first, rows (price, qty, count)."""
        book = self.book_of(instrument, segment)
        rows = self._state.told[f.TOLD * book : f.TOLD * (book + 1)].tolist()
        return [row for row in rows[: f.SHOWN] if row[1]], [row for row in rows[f.SHOWN :] if row[1]]


def _joined(parts: list[Array]) -> Records:
    if not parts:
        return np.zeros(0, HEADER)
    return (parts[0] if len(parts) == 1 else np.concatenate(parts)).view(HEADER)


def _what(status: int, rows: Array, done: int, position: int) -> str:
    row = rows[done]
    if status == f.BAD_POSITION:
        return f"position {int(row['position'])} follows {position}: the stream must go on without a gap"
    if status == f.BAD_BOOK:
        return f"position {int(row['position'])}: instrument {int(row['instrument'])} has no book in its segment"
    return f"position {int(row['position'])}: an order number beyond all that can have been given"
