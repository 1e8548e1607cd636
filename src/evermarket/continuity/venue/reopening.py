"""How trading goes on after a switch (R29, R32, R39): never straight into matching.

    switch -> halting -> cancel only -> reopening -> done

At once: an announcement, HALT for every book (orders may be cancelled and reduced, nothing else), CANCEL of orders that
are not to outlive a switch. When the window is over and enough members are back: RESUME, with a call auction where the
group trades continuously, in its phase otherwise. A fold of the released stream: what the journal has is done, so
whoever conducts may die between any two commands and goes on. Pure; records in, records out, time is given.
"""

from typing import Final, NamedTuple

import numpy as np

from evermarket.continuity.venue.floor import Book, Floor
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import ALLOW_CALL, Allow
from evermarket.records.raw import join, of
from evermarket.records.units import SECOND_NS, SEGMENT_BITS
from evermarket.venue.line.reader import Piece

CANCEL_ONLY: Final = Allow.CANCEL | Allow.REDUCE
TEXT_BYTES: Final = 40
TEXTS_MAX: Final = 15
ZONE_NS: Final = 8 * 3_600 * SECOND_NS
"""Taipei and Shanghai show UTC and eight hours."""


class Terms(NamedTuple):
    """How long orders may only be cancelled after a switch (0: trading goes on at once), how long the call auction
    after it lasts, both in market time, and the share of the day's volume, in thousandths, whose members must be back
    before the market reopens."""

    cancel_only_ns: int
    auction_ns: int
    ready_permille: int


class Reopening:
    """`take` what is released, ask `due` for what to send. Only a change of the owner is a switch: a primary that was
    started again goes on trading."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.floor = Floor()
        self._owner = 0
        self._since = -1
        self._is_done = False
        self._halted: dict[Book, int] = {}
        self._resumed: set[Book] = set()

    @property
    def stage(self) -> str:
        """One of trading, halting, cancel only, reopening, done."""
        if self._since < 0:
            return "trading"
        if self._is_done:
            return "done"
        if self._to_halt():
            return "halting"
        if self._halted.keys() - self._resumed:
            return "reopening" if self._resumed else "cancel only"
        return "done"

    @property
    def until_ns(self) -> int:
        """Market time at which the window ends; 0: there is none."""
        return max(self._halted.values(), default=0)

    @property
    def holds_the_door(self) -> bool:
        """Members are to wait: the books are not halted yet."""
        return self.stage == "halting"

    def take(self, piece: Piece) -> None:
        """The next piece of the released stream, and whose it is."""
        if self._owner and piece.place.owner != self._owner:
            self._since, self._halted, self._resumed, self._is_done = piece.place.began, {}, set(), False
        self._owner = piece.place.owner
        if self._since >= 0:
            self._follow(piece.records)
        self.floor.take(piece.records)
        self._is_done = self.stage == "done"

    def due(self, now_ns: int, ready_permille: int) -> Records:
        """What is to be sent now. `ready_permille`: share of the volume whose members are back."""
        match self.stage:
            case "halting":
                return self._halt(self._to_halt(), self.until_ns or now_ns + self.terms.cancel_only_ns)
            case "cancel only" if self.floor.deleted_at_switch:
                return self._cancel()
            case "cancel only" | "reopening" if now_ns >= self.until_ns:
                if self.stage == "reopening" or ready_permille >= self.terms.ready_permille:
                    return self._resume(self._halted.keys() - self._resumed, now_ns)
        return join([])

    def halt_all(self, why: str) -> Records:
        """A person stops the market: everything that is not halted, until a person resumes it."""
        books = self.floor.groups.keys() - self.floor.halted.keys()
        return join([announcement(f"Trading is halted: {why}", 0), *halts(books, 0)])

    def resume_all(self, now_ns: int) -> Records:
        """A person lets it go on: everything that is halted, whoever halted it."""
        return self._resume(set(self.floor.halted), now_ns)

    def _to_halt(self) -> set[Book]:
        if not self.terms.cancel_only_ns or not (self.floor.is_open or self._halted):
            return set()
        return self.floor.groups.keys() - self.floor.halted.keys() - self._halted.keys()

    def _follow(self, records: Records) -> None:
        """Books that were halted or resumed since the switch."""
        for row in of(records, Kind.HALTED):
            for book in self.floor.in_scope(int(row["instrument"]), int(row["attributes"]) & SEGMENT_BITS):
                self._halted.setdefault(book, int(row["until"]))
        for row in of(records, Kind.RESUMED):
            self._resumed |= set(self.floor.in_scope(int(row["instrument"]), int(row["attributes"]) & SEGMENT_BITS))

    def _halt(self, books: set[Book], until_ns: int) -> Records:
        text = (
            f"The market goes on at its second core. Until {clock(until_ns)} orders may only be cancelled or reduced."
        )
        said = [] if self._halted else [announcement(text, until_ns)]
        return join([*said, *halts(books, until_ns)])

    def _resume(self, books: set[Book], now_ns: int) -> Records:
        until_ns = now_ns + self.terms.auction_ns
        text = f"Trading resumes; continuous trading after a call auction at {clock(until_ns)}."
        parts = [] if self._resumed else [announcement(text, until_ns)]
        for book in sorted(books):
            row = blank(Kind.RESUME)
            row["instrument"], row["attributes"] = book
            if self.terms.auction_ns and self.floor.is_continuous(book):
                row["until"], row["allow"] = until_ns, ALLOW_CALL
            parts.append(row.view(HEADER))
        return join(parts)

    def _cancel(self) -> Records:
        """Orders that are not to outlive a switch, one by one, so that each member is told (R29)."""
        parts = []
        for number, (instrument, attributes) in self.floor.deleted_at_switch.items():
            row = blank(Kind.CANCEL)
            row["order_no"], row["instrument"], row["attributes"] = number, instrument, attributes
            parts.append(row.view(HEADER))
        return join(parts)


def halts(books: set[Book], until_ns: int) -> list[Records]:
    """HALT of each, cancels and reductions allowed."""
    rows = blank(Kind.HALT, len(books))
    rows["instrument"], rows["attributes"] = np.array(sorted(books), np.uint16).reshape(-1, 2).T
    rows["until"], rows["allow"] = until_ns, CANCEL_ONLY
    return [rows.view(HEADER)]


def announcement(text: str, until_ns: int) -> Records:
    """ANNOUNCE with its texts, cut to what a run holds."""
    data = text.encode()[: TEXT_BYTES * TEXTS_MAX]
    pieces = [data[at : at + TEXT_BYTES] for at in range(0, len(data), TEXT_BYTES)] or [b" "]
    head, texts = blank(Kind.ANNOUNCE), blank(Kind.TEXT, len(pieces))
    head["flags"], head["until"], head["urgency"] = len(pieces), until_ns, 1
    texts["text"] = pieces
    return join([head.view(HEADER), texts.view(HEADER)])


def clock(market_ns: int) -> str:
    """The market's time of day."""
    seconds = (market_ns + ZONE_NS) // SECOND_NS % 86_400
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
