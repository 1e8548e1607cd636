"""What stands on the floor as far as closing and reopening it is concerned: books, phases, halts, orders that are not
to outlive a switch, and how much each line has traded. A fold of the released stream; pure.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.kinds import Flag, Mode
from evermarket.records.raw import of, take
from evermarket.records.units import LINE_MAX, SEGMENT_BITS

_ENDS: Final = (Kind.CANCELLED, Kind.REDUCED)
_SEEN: Final = (Kind.REF_INSTRUMENT, Kind.PHASE_CHANGED, Kind.HALTED, Kind.RESUMED)


class Book(NamedTuple):
    """One instrument in one segment."""

    instrument: int
    segment: int


class Floor:
    """`take` what is released, in order."""

    def __init__(self) -> None:
        self.groups: dict[Book, int] = {}
        self._books: dict[int, list[Book]] = {}
        self.modes: dict[int, int] = {}
        """Mode of each group's phase row."""
        self.halted: dict[Book, int] = {}
        """Halted books and `until` of their HALT."""
        self.deleted_at_switch: dict[int, tuple[int, int]] = {}
        """Live orders that asked for it: number to (instrument, attributes)."""
        self.volume: npt.NDArray[np.int64] = np.zeros(LINE_MAX + 1, np.int64)
        """Quantity traded by each line, both sides of a trade counted."""
        self._line_of: npt.NDArray[np.uint16] = np.zeros(1 << 12, np.uint16)

    @property
    def is_open(self) -> bool:
        """Some group is in a phase that collects or matches."""
        return any(mode != Mode.SHUT for mode in self.modes.values())

    def is_continuous(self, book: Book) -> bool:
        """Whether the book's group trades continuously now."""
        return self.modes.get(self.groups[book]) == Mode.CONTINUOUS

    def take(self, released: Records) -> None:
        """The next piece of the released stream."""
        for row in take(released, np.isin(released["kind"], _SEEN), LAYOUT[Kind.PHASE_CHANGED]):
            self._take(row)
        self._orders(released)

    def in_scope(self, instrument: int, segment: int) -> list[Book]:
        """Books of an instrument; segment 0: all of them."""
        if segment:
            return [book for book in (Book(instrument, segment),) if book in self.groups]
        return self._books.get(instrument, [])

    def share(self, lines: set[int]) -> int:
        """What these lines traded of all that was traded, in thousandths; 1,000 if nothing was."""
        total = int(self.volume.sum())
        return int(self.volume[sorted(lines)].sum()) * 1_000 // total if total else 1_000

    def _take(self, row: np.void) -> None:
        instrument, segment = int(row["instrument"]), int(row["attributes"]) & SEGMENT_BITS
        match int(row["kind"]):
            case Kind.REF_INSTRUMENT:
                book = Book(instrument, segment)
                if book not in self.groups:
                    self._books.setdefault(instrument, []).append(book)
                self.groups[book] = int(row["group"])
            case Kind.PHASE_CHANGED if not instrument:
                self.modes[int(row["group"])] = int(row["mode"])
            case Kind.HALTED:
                self.halted |= dict.fromkeys(self.in_scope(instrument, segment), int(row["until"]))
            case Kind.RESUMED:
                for book in self.in_scope(instrument, segment):
                    self.halted.pop(book, None)

    def _orders(self, released: Records) -> None:
        accepted, traded = of(released, Kind.ACCEPTED), of(released, Kind.TRADED)
        if len(accepted):
            top = int(accepted["order_no"].max())
            if top >= len(self._line_of):
                self._line_of = np.concatenate([self._line_of, np.zeros(max(top, len(self._line_of)), np.uint16)])
            self._line_of[accepted["order_no"]] = accepted["line"]
            for row in accepted[accepted["flags"] & int(Flag.DELETE_AT_SWITCH) != 0]:
                self.deleted_at_switch[int(row["order_no"])] = (int(row["instrument"]), int(row["attributes"]))
        for side in ("buy", "sell"):
            np.add.at(self.volume, self._line_of[traded[f"{side}_no"]], traded["qty"].astype(np.int64))
            self._forget(traded[f"{side}_no"][traded[f"{side}_leaves"] == 0])
        for kind in _ENDS:
            ended = of(released, kind)
            self._forget(ended["order_no"][ended["leaves"] == 0])

    def _forget(self, order_nos: npt.NDArray[np.uint32]) -> None:
        if self.deleted_at_switch:
            for number in order_nos.tolist():
                self.deleted_at_switch.pop(number, None)
