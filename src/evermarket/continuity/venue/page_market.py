"""The market as the page shows it: folds of the released stream, the public books of venue/feed among them.

Prices are decimal strings as everywhere in the feed for people; changes and shares are whole numbers made of whole
numbers (hundredths of a percent).
"""

from collections import Counter
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
    """`told` does the heavy part, in a thread if one likes; `take`, with what it gave, the rest. Pieces in order."""

    def __init__(self) -> None:
        self.board = Board()
        self.floor = Floor()
        self.position = 0
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
        self.position = piece.place.position

    @property
    def trades(self) -> int:
        """Trades of books so far."""
        return self._fold.trades

    def most_traded(self) -> list[dict[str, Any]]:
        """Regular books with the largest turnover."""
        traded = [book for book in self._regular() if book.trades]
        traded.sort(key=lambda book: (-book.turnover, book.instrument))
        return [_row(book) for book in traded[:SHOWN]]

    def phase(self) -> str:
        """The phase that most regular books are in; nothing before there are books."""
        found = Counter(book.phase for book in self._regular())
        return Phase(found.most_common(1)[0][0]).name if found else ""

    def book(self, symbol: str) -> dict[str, Any] | None:
        """The day so far and five levels of a regular book; None if there is no such book."""
        book = self.board.find(symbol, Segment.REGULAR)
        return None if book is None else aggregate_of(book) | _change(book)

    def _regular(self) -> list[BookView]:
        return [book for book in self.board.market.books.values() if book.segment == Segment.REGULAR]

    def volume(self) -> dict[int, int]:
        """Quantity that each line traded."""
        lines = self.floor.volume.nonzero()[0]
        return {int(line): int(self.floor.volume[line]) for line in lines}


def _row(book: BookView) -> dict[str, Any]:
    return {
        "symbol": book.symbol or str(book.instrument),
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
