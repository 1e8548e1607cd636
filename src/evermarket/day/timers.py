"""The due times that events have announced and nobody has met yet (docs/format.md, 6.5)."""

from typing import Final

import numpy as np

from evermarket.day.slices import NEVER
from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import Special
from evermarket.records.raw import of
from evermarket.records.units import SEGMENT_BITS

Book = tuple[int, int]
"""Instrument and segment."""


_TOLD_BY: Final = (
    Kind.REF_INSTRUMENT,
    Kind.STABILISATION_STARTED,
    Kind.STABILISATION_ENDED,
    Kind.HALTED,
    Kind.RESUMED,
    Kind.PHASE_CHANGED,
)


class Timers:
    """A fold of the stream: which TIMER commands are owed, and when the next one is."""

    def __init__(self) -> None:
        self._books: dict[int, set[int]] = {}
        self._waiting: dict[tuple[Book, int], int] = {}

    @property
    def next_due(self) -> int:
        """The earliest time owed, NEVER if none is."""
        return min(self._waiting.values(), default=NEVER)

    def fold(self, stream: Records) -> None:
        """Take in what the events of a piece announce, change or forget."""
        where = np.flatnonzero(np.isin(stream["kind"], _TOLD_BY))
        for i in where:
            self._take(stream[i : i + 1])

    def _take(self, row: Records) -> None:
        kind = int(row["kind"][0])
        instrument = int(row["instrument"][0])
        segment = int(row["attributes"][0]) & SEGMENT_BITS
        if kind == Kind.REF_INSTRUMENT:
            self._books.setdefault(instrument, set()).add(segment)
        elif kind == Kind.STABILISATION_STARTED:
            event = of(row, Kind.STABILISATION_STARTED)[0]
            self._owe((instrument, segment), int(event["code"]), int(event["due"]))
            if event["entry"] != NO_PRICE:
                self._owe((instrument, segment), Special.ENTRY_OPENS, int(event["entry"]))
        elif kind == Kind.RESUMED:
            event = of(row, Kind.RESUMED)[0]
            for book in self._in_scope(instrument, segment):
                self._forget(book)
                if event["until"] > 0:
                    self._owe(book, Special.RESUMPTION, int(event["until"]))
        elif kind in (Kind.STABILISATION_ENDED, Kind.HALTED):
            for book in self._in_scope(instrument, segment):
                self._forget(book)
        elif instrument:  # PHASE_CHANGED of one book: its entry has opened
            self._waiting.pop(((instrument, segment), Special.ENTRY_OPENS), None)

    def _in_scope(self, instrument: int, segment: int) -> list[Book]:
        segments = [segment] if segment else sorted(self._books.get(instrument, ()))
        return [(instrument, one) for one in segments]

    def _owe(self, book: Book, code: int, due: int) -> None:
        """A due time may lie before its event: the command was under way when it passed. It is owed at once."""
        self._waiting[book, code] = due

    def _forget(self, book: Book) -> None:
        for code in Special:
            self._waiting.pop((book, code), None)

    def take_due(self, now: int) -> Records:
        """The TIMER commands owed at or before `now`, earliest first; they are no longer owed."""
        rows = self.owed(now)
        for row in rows:
            self.met(int(row["instrument"]), int(row["attributes"]), int(row["code"]))
        return rows

    def met(self, instrument: int, segment: int, code: int) -> None:
        """A TIMER command for this has been given."""
        self._waiting.pop(((instrument, segment), code), None)

    def owed(self, now: int) -> Records:
        """The TIMER commands owed at or before `now`, earliest first."""
        owed = sorted((due, key) for key, due in self._waiting.items() if due <= now)
        rows = blank(Kind.TIMER, len(owed))
        for row, (due, ((instrument, segment), code)) in zip(rows, owed, strict=True):
            row["time"] = due
            row["due"] = due
            row["instrument"] = instrument
            row["attributes"] = segment
            row["code"] = code
        return rows.view(HEADER)
