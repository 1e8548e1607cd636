"""Watchers: what is seen of the book between two commands. All of it comes from the core's own depth.

- `LevelWatch`: ten levels a side after given row numbers of the source (levels.csv).
- `BookWatch`: for the busiest instruments the demand and supply before each auction, and the depth each market minute.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.day.errors import SourceError
from evermarket.day.orders import Orders
from evermarket.day.runner import MatchingCore, View
from evermarket.day.source import Batch, Ints, Levels
from evermarket.records import Kind, Records
from evermarket.records.kinds import Action, Segment
from evermarket.records.layout import PHASE
from evermarket.records.units import SEGMENT_BITS

LEVELS: Final = 10
CURVE_LEVELS: Final = 2000
MINUTE_NS: Final = 60_000_000_000
WATCHED: Final = 24

LEVEL: Final = np.dtype([("price", "<i8"), ("qty", "<i8"), ("count", "<i8")])


def ladder(view: View, instrument: int, levels: int, segment: int = Segment.REGULAR) -> tuple[Levels, Levels]:
    """Bids and asks of one book through a core's `depth` or `unfilled`, best first, as rows (price, qty, count)."""
    bids, asks = view(instrument, segment, levels)
    return np.array(list(map(tuple, bids)), LEVEL), np.array(list(map(tuple, asks)), LEVEL)


class LevelWatch:
    """Ten levels of an instrument after each of some source row numbers."""

    def __init__(self, after: Ints, instruments: Ints) -> None:
        falls = np.flatnonzero(np.diff(after) < 0)
        if len(falls):
            raise SourceError(f"after_seq {after[falls[0] + 1]} is smaller than {after[falls[0]]}, the row before it")
        self.after = after
        self._instruments = instruments
        self._next = 0
        self.rows: list[tuple[Levels, Levels]] = []

    def cuts(self, batch: Batch) -> Ints:
        """After the last row that is not above each number asked for and lies in this batch."""
        at = np.flatnonzero(batch.seqs > 0)
        seqs = batch.seqs[at]
        if not len(seqs):
            return np.zeros(0, np.int64)
        wanted = self.after[self._next : int(np.searchsorted(self.after, seqs[-1], side="right"))]
        places = np.searchsorted(seqs, wanted, side="right") - 1
        return np.unique(np.where(places >= 0, at[places] + 1, 0))

    def look(self, core: MatchingCore, batch: Batch, done: int) -> None:
        """Write the levels for every number that lies between the row just run and the next one."""
        later = batch.seqs[done:]
        later = later[later > 0]
        limit = later[0] if len(later) else batch.seqs.max() + 1
        self._write(core, int(np.searchsorted(self.after, limit, side="left")))

    def _write(self, core: MatchingCore, upto: int) -> None:
        for at in range(self._next, upto):
            self.rows.append(ladder(core.depth, int(self._instruments[at]), LEVELS))
        self._next = max(self._next, upto)

    def finish(self, core: MatchingCore) -> None:
        """Numbers beyond the last row see the end of the day."""
        self._write(core, len(self.after))


@dataclass(frozen=True, slots=True)
class Curve:
    """Demand and supply of one book just before an auction, best first."""

    time: int
    instrument: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True)
class DepthPicture:
    """The levels of one book at one minute."""

    time: int
    instrument: int
    bids: Levels
    asks: Levels


class BookWatch:
    """Curves before auctions and depth at each minute of the instruments that had most orders at the first look."""

    def __init__(self, orders: Orders, watched: int = WATCHED) -> None:
        self._orders = orders
        self._watched = watched
        self._minute = -1
        self.instruments: list[int] = []
        self.curves: list[Curve] = []
        self.depths: list[DepthPicture] = []

    def cuts(self, batch: Batch) -> Ints:
        """Before each opening or closing auction, and before the first command of each minute."""
        commands = batch.commands
        auction = _opens_or_closes(commands)
        minutes = commands["time"] // MINUTE_NS
        turns = np.flatnonzero(np.diff(minutes, prepend=self._minute))
        return np.union1d(np.flatnonzero(auction), turns)

    def look(self, core: MatchingCore, batch: Batch, done: int) -> None:
        """Called before the command at `done`."""
        if done >= len(batch.commands):
            return
        command = batch.commands[done : done + 1]
        now = int(command["time"][0])
        if _opens_or_closes(command)[0]:
            if not self.instruments:
                self._choose()
            self._curve(core, now)
        if now // MINUTE_NS != self._minute:
            self._minute = now // MINUTE_NS
            self._picture(core, now)

    def _choose(self) -> None:
        """By how many orders stand before the first auction."""
        orders = self._orders.rows
        regular = orders["known"] & (orders["attributes"] & SEGMENT_BITS == Segment.REGULAR)
        counts = np.bincount(orders["instrument"][regular], minlength=1)
        ranked = np.argsort(-counts, kind="stable")[: self._watched]
        self.instruments = [int(i) for i in ranked if counts[i] > 0]

    def _curve(self, core: MatchingCore, now: int) -> None:
        for instrument in self.instruments:
            bids, asks = ladder(core.depth, instrument, CURVE_LEVELS)
            if len(bids) and len(asks) and bids["price"][0] >= asks["price"][0]:
                self.curves.append(Curve(now, instrument, bids, asks))

    def _picture(self, core: MatchingCore, now: int) -> None:
        for instrument in self.instruments:
            bids, asks = ladder(core.depth, instrument, LEVELS)
            self.depths.append(DepthPicture(now, instrument, bids, asks))

    def finish(self, core: MatchingCore) -> None:
        """Nothing is owed at the end."""


def _opens_or_closes(commands: Records) -> npt.NDArray[np.bool_]:
    """Which commands hold the first or the last match of a group."""
    actions = commands.view(PHASE)["actions"] & int(Action.FIRST_MATCH | Action.SET_CLOSE)
    found: npt.NDArray[np.bool_] = (commands["kind"] == Kind.PHASE) & (actions != 0)
    return found
