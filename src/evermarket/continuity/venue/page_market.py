"""The market as the page shows it: folds of the released stream, the public books of venue/feed among them.

Prices are decimal strings as everywhere in the feed for people; changes and shares are whole numbers made of whole
numbers (hundredths of a percent).
"""

from typing import Any, Final

from evermarket.continuity.venue.floor import Floor
from evermarket.records import NO_PRICE, Kind, Records
from evermarket.records.kinds import FIRST_EVENT, Phase, Segment
from evermarket.venue.feed.board import Board, aggregate_of, decimal
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.views import BookView
from evermarket.venue.line.reader import Piece

SHOWN: Final = 12
"""Securities in the list of the most traded."""


class PageMarket:
    """`told` does the heavy part and may run in a thread; `take`, with what it gave, everything else. Pieces in order."""

    def __init__(self) -> None:
        self.board = Board()
        self.floor = Floor()
        self.position = 0
        self.digest = 0
        """Of the owner's state behind `position`; 0: not told there."""
        self.commands = 0
        self.orders = 0
        self._fold = FeedFold()

    def told(self, piece: Piece) -> Records:
        """What the channel by level says of this piece."""
        return self._fold.take(piece.records).by_level

    def take(self, piece: Piece, told: Records) -> None:
        """The piece itself, and what was told of it."""
        kinds = piece.records["kind"]
        self.board.apply(told, ())
        self.floor.take(piece.records)
        self.commands += int(((kinds < FIRST_EVENT) & (kinds != Kind.TEXT)).sum())
        self.orders += int((kinds == Kind.ACCEPTED).sum())
        self.position, self.digest = piece.place.position, piece.digest

    @property
    def trades(self) -> int:
        """Trades of books so far."""
        return self._fold.trades

    def most_traded(self) -> list[dict[str, Any]]:
        """Books with the largest turnover."""
        traded = [book for book in self.board.market.books.values() if book.trades]
        traded.sort(key=lambda book: (-book.turnover, book.instrument, book.segment))
        return [_row(book) for book in traded[:SHOWN]]

    def symbols(self) -> list[str]:
        """Every symbol that can be asked for."""
        return self.board.symbols()

    def book(self, name: str) -> dict[str, Any] | None:
        """The day so far and five levels of `SYMBOL` or `SYMBOL:SEGMENT`; None if there is no such book."""
        symbol, _, segment = name.partition(":")
        number = Segment[segment] if segment in Segment.__members__ else Segment.REGULAR
        book = self.board.find(symbol, number)
        return None if book is None else aggregate_of(book) | _change(book)

    def volume(self) -> dict[int, int]:
        """Quantity that each line traded."""
        lines = self.floor.volume.nonzero()[0]
        return {int(line): int(self.floor.volume[line]) for line in lines}


def _row(book: BookView) -> dict[str, Any]:
    return {
        "symbol": book.symbol or str(book.instrument),
        "segment": Segment(book.segment).name,
        "phase": Phase(book.phase).name,
        "last": decimal(book.last),
        "volume": book.volume,
        "trades": book.trades,
        **_change(book),
    }


def _change(book: BookView) -> dict[str, Any]:
    """The last price against the day's reference, in hundredths of a percent, rounded half away from zero."""
    reference = book.limits[0]
    if NO_PRICE in (book.last, reference) or reference <= 0:
        return {"change": None}
    difference = book.last - reference
    size = (2 * abs(difference) * 10_000 + reference) // (2 * reference)
    return {"change": -size if difference < 0 else size}
