"""The primary core as Python sees it: `Core().run(commands)` gives the stream of commands and events.

Crosses into compiled code once a batch. No clock, no randomness, no input or output: what it gives depends on the
commands alone.
"""

import gc
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from evermarket.core.jit import JIT, direct
from evermarket.core.run import run
from evermarket.core.state import LIVE_MAX, SIZES, WIDE, Array, State, empty_state, reserve, used
from evermarket.core.views import copy_levels, copy_unfilled
from evermarket.records.layout import HEADER, Records

OUT_ROWS: Final = 3 * LIVE_MAX
_MARGIN: Final = 4_096


class Depth(NamedTuple):
    """Best levels first, rows (price, qty, count); a market level has price NO_PRICE."""

    bids: list[tuple[int, int, int]]
    asks: list[tuple[int, int, int]]


class Core:
    """One partition's market.

    Example: `events = Core().run(commands)`; `commands` any array of 64-byte records in time order.
    """

    def __init__(self) -> None:
        self._state = empty_state()
        self._state.books[0]["limit_down"] = 1  # row 0, no book, admits no price
        self._counters = self._state.core[0]
        self._out = reserve(OUT_ROWS, WIDE)
        self._run = run

    def __repr__(self) -> str:
        g = self._state.core[0]
        return f"<Core position {int(g['position'])}, {int(g['live'])} live orders, {int(g['books'])} books>"

    @property
    def digest(self) -> int:
        """State digest (docs/format.md, section 7)."""
        return int(self._state.core[0]["digest"])

    @property
    def position(self) -> int:
        """Position of the last record given out."""
        return int(self._state.core[0]["position"])

    @property
    def live(self) -> int:
        """Live orders."""
        return int(self._state.core[0]["live"])

    def run(self, commands: Records) -> Records:
        """Commands in, the stream out: each command with its position, followed by its events.

        The array is a view that the next call overwrites. Raises ValueError if a time is smaller than the one before.
        """
        cmds = np.ascontiguousarray(commands).view(WIDE)
        done, rows = self._some(cmds, 0)
        if done == len(cmds):
            return self._out[:rows].view(HEADER)
        whole = f"V{HEADER.itemsize}"  # NumPy copies named fields: move whole records
        parts = [self._out[:rows].view(whole).copy()]
        while done < len(cmds):
            done, rows = self._some(cmds, done)
            parts.append(self._out[:rows].view(whole).copy())
        return np.concatenate(parts).view(HEADER)

    def _some(self, cmds: Records, start: int) -> tuple[int, int]:
        counters = self._counters
        room = 3 * (int(counters["live"]) + len(cmds) - start) + 8 * int(counters["books"]) + _MARGIN
        if room > OUT_ROWS:
            raise MemoryError(f"one call of {len(cmds)} commands may give {room} records, {OUT_ROWS} is the most")
        if JIT:
            done, rows = self._run(self._state, cmds, start, self._out, room)
            if self._run is run:
                self._run = direct(run)
        else:
            with np.errstate(over="ignore"):
                done, rows = run(self._state, cmds, start, self._out, room)
        if done < 0:
            raise ValueError("times must not go back: a command is older than the one before it")
        return int(done), int(rows)

    def depth(self, instrument: int, segment: int = 1, levels: int = 5) -> Depth:
        """The best levels of both sides of a book, as the orders stand."""
        return self._levels(copy_levels, instrument, segment, levels)

    def unfilled(self, instrument: int, segment: int = 1, levels: int = 5) -> Depth:
        """The best levels that a match held now would leave on both sides: what a simulated match (試撮) discloses
        beside its price and volume, TWSE operating rules 58. Outside a collection the same as `depth`."""
        return self._levels(copy_unfilled, instrument, segment, levels)

    def _levels(self, copy: Callable[..., int], instrument: int, segment: int, levels: int) -> Depth:
        st = self._state
        book = int(st.book_of[instrument * 16 + segment])
        sides: list[list[tuple[int, int, int]]] = [[], []]
        for side in (0, 1):
            rows = np.zeros((levels, 3), np.int64)
            n = int(copy(st, book, side, rows)) if book else 0
            sides[side] = [(int(price), int(qty), int(count)) for price, qty, count in rows[:n]]
        return Depth(*sides)

    def areas(self) -> Iterator[tuple[str, Array, int]]:
        """Each array that grows with the day, by name, and how many of its rows hold something."""
        yield "out", self._out, 1
        for name, rows in used(self._state).items():
            if rows < SIZES[name][0]:
                yield name, getattr(self._state, name), rows

    def save(self) -> dict[str, Array]:
        """A copy of every array's used rows: all there is to know."""
        return {name: getattr(self._state, name)[:rows].copy() for name, rows in used(self._state).items()}

    @classmethod
    def load(cls, saved: dict[str, Array]) -> "Core":
        """A core in the state that `save` gave."""
        core = cls()
        for name in SIZES:
            getattr(core._state, name)[: len(saved[name])] = saved[name]
        return core


def warm_up(progress: Callable[[str], None] = lambda _: None) -> None:
    """Have the kernels compiled or loaded; a second or two when cached, longer the first time."""
    progress("compiling the matching kernels")
    collecting = gc.isenabled()
    gc.disable()  # the compiler makes millions of small objects that all live; looking through them costs a fifth
    try:
        Core().run(np.zeros(1, WIDE))
    finally:
        if collecting:
            gc.enable()


def state_bytes(core: Core) -> int:
    """Bytes of state that have been written so far for orders, their levels and the map from order numbers."""
    state: State = core._state
    rows = used(state)
    tables = ("orders", "owners", "levels", "pages", "nodes", "slots", "child")
    return sum(rows[name] * getattr(state, name).itemsize for name in tables)
