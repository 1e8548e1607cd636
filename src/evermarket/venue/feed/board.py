"""The books as JSON frames for people, in the field's grammar (Fugle's): trades, books, aggregates, snapshot. Pure.

A frame is encoded once, whoever wants it; only what somebody has subscribed to is encoded at all. Prices are decimal
strings or null, `size` and volumes whole numbers of the smallest unit (shares), `time` microseconds, `seq` the last
sequence of the channel by level that the frame knows of.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from evermarket.records import NO_PRICE, PRICE_SCALE, RECORD_BYTES, Records
from evermarket.records.feed import FeedKind
from evermarket.records.kinds import Aggressor, Mode, Phase, Segment, TradeKind
from evermarket.records.raw import WHOLE
from evermarket.venue.feed.views import BookView, Level, Market


class WebChannel(StrEnum):
    """What can be subscribed to."""

    TRADES = "trades"
    BOOKS = "books"
    AGGREGATES = "aggregates"
    SNAPSHOT = "snapshot"


class Topic(NamedTuple):
    """A channel of one book."""

    channel: WebChannel
    symbol: str
    segment: int

    @property
    def id(self) -> str:
        """Its name in frames, the same for every client: `books:2330`, `trades:2330:odd_lot`."""
        tail = "" if self.segment == Segment.REGULAR else f":{Segment(self.segment).name.lower()}"
        return f"{self.channel}:{self.symbol}{tail}"


class Frame(NamedTuple):
    """A message for the subscribers of a topic."""

    topic: Topic
    data: bytes


_SEQUENCE: Final = slice(0, 8)
_KIND, _INSTRUMENT, _SEGMENT = 16, slice(18, 20), slice(22, 24)
_CHANGES: Final = frozenset(
    {
        *(FeedKind.LIMITS, FeedKind.STATE, FeedKind.TRADE, FeedKind.SIMULATED),
        *(FeedKind.CLOSE, FeedKind.LEVEL, FeedKind.DAY_PRICES, FeedKind.DAY_TOTALS),
    }
)
_BOOK_CHANGES: Final = frozenset({FeedKind.LEVEL, FeedKind.STATE, FeedKind.SIMULATED})


def decimal(price: int) -> str | None:
    """A price as people write it: `406000` is "40.6"; null if there is none."""
    if price == NO_PRICE:
        return None
    whole, rest = divmod(abs(price), PRICE_SCALE)
    tail = f".{rest:04d}".rstrip("0") if rest else ""
    return f"{'-' if price < 0 else ''}{whole}{tail}"


class Board:
    """Applies records of the channel by level and says what to tell."""

    def __init__(self) -> None:
        self.market = Market()
        self.seq = 0
        self._symbols: dict[tuple[str, int], BookView] = {}

    def symbols(self) -> list[str]:
        """Every symbol there is."""
        return sorted({symbol for symbol, _ in self._symbols})

    def find(self, symbol: str, segment: int) -> BookView | None:
        """The book of a symbol."""
        return self._symbols.get((symbol, segment))

    def apply(self, records: Records, wanted: Collection[Topic]) -> list[Frame]:
        """Take records in sequence; the frames for topics that are wanted: each trade, and last states once each."""
        data = np.ascontiguousarray(records).view(WHOLE).tobytes()
        frames: list[Frame] = []
        changed: dict[tuple[int, int], bool] = {}
        for at in range(0, len(data), RECORD_BYTES):
            row = data[at : at + RECORD_BYTES]
            self.market.apply_one(row)
            self.seq = int.from_bytes(row[_SEQUENCE], "little")
            kind = row[_KIND]
            if kind in _CHANGES or kind == FeedKind.BOOK:
                key = int.from_bytes(row[_INSTRUMENT], "little"), int.from_bytes(row[_SEGMENT], "little")
                changed[key] = changed.get(key, False) or kind in _BOOK_CHANGES
                if kind == FeedKind.BOOK:
                    self._name(self.market.book(*key))
                elif kind == FeedKind.TRADE:
                    self._trade(self.market.book(*key), row, wanted, frames)
        for key, is_book in changed.items():
            self._states(self.market.book(*key), is_book, wanted, frames)
        return frames

    def stand(self, snapshot: Records, seq: int) -> None:
        """Begin where a snapshot cycle stands; subscribers see it with the next change."""
        self.market.replace(snapshot)
        self.seq = seq
        self._symbols = {}
        for book in self.market.books.values():
            self._name(book)

    def _name(self, book: BookView) -> None:
        self._symbols[book.symbol or str(book.instrument), book.segment] = book

    def _trade(self, book: BookView, row: bytes, wanted: Collection[Topic], frames: list[Frame]) -> None:
        topic = Topic(WebChannel.TRADES, book.symbol or str(book.instrument), book.segment)
        if topic in wanted:
            kind, aggressor = int.from_bytes(row[20:22], "little"), row[17]
            frames.append(self.frame("data", topic, trade_of(book, kind, aggressor)))

    def _states(self, book: BookView, is_book: bool, wanted: Collection[Topic], frames: list[Frame]) -> None:
        symbol = book.symbol or str(book.instrument)
        topic = Topic(WebChannel.BOOKS, symbol, book.segment)
        if is_book and topic in wanted:
            frames.append(self.frame("data", topic, book_of(book)))
        topic = Topic(WebChannel.AGGREGATES, symbol, book.segment)
        if topic in wanted:
            frames.append(self.frame("data", topic, aggregate_of(book)))

    def frame(self, event: str, topic: Topic, data: dict[str, Any]) -> Frame:
        """A message in the grammar."""
        message = {"event": event, "data": data, "id": topic.id, "channel": topic.channel, "seq": self.seq}
        return Frame(topic, msgspec.json.encode(message))

    def first(self, topic: Topic) -> Frame:
        """What a new subscriber gets at once: the state as it is."""
        book = self._symbols[topic.symbol, topic.segment]
        data = {
            WebChannel.TRADES: lambda: trade_of(book, 0, 0),
            WebChannel.BOOKS: lambda: book_of(book),
            WebChannel.AGGREGATES: lambda: aggregate_of(book),
            WebChannel.SNAPSHOT: lambda: aggregate_of(book),
        }[topic.channel]()
        return self.frame("snapshot", topic, data)


def _head(book: BookView) -> dict[str, Any]:
    return {
        "symbol": book.symbol or str(book.instrument),
        "segment": Segment(book.segment).name,
        "time": book.time // 1_000,
    }


def _side(rows: list[Level]) -> list[dict[str, Any]]:
    return [{"price": decimal(price), "size": qty} for price, qty, _ in rows]


def trade_of(book: BookView, kind: int, aggressor: int) -> dict[str, Any]:
    """The last trade; `kind` and `aggressor` null where they are not known."""
    return {
        **_head(book),
        "price": decimal(book.last),
        "size": book.last_qty,
        "serial": book.trade_no,
        "volume": book.volume,
        "kind": TradeKind(kind).name if kind else None,
        "aggressor": Aggressor(aggressor).name if aggressor else None,
    }


def book_of(book: BookView) -> dict[str, Any]:
    """Five levels a side. `is_simulated`: what a match held now would leave (試撮), with its price and volume."""
    bids, asks = book.told_levels()
    price, volume, _, _ = book.simulated
    return {
        **_head(book),
        "phase": Phase(book.phase).name,
        "is_simulated": book.mode == Mode.COLLECT,
        "simulated_price": decimal(price),
        "simulated_volume": volume,
        "bids": _side(bids),
        "asks": _side(asks),
    }


def aggregate_of(book: BookView) -> dict[str, Any]:
    """The day so far and five levels."""
    reference, limit_up, limit_down, previous_close = book.limits
    return {
        **book_of(book),
        "lot": book.lot,
        "reference_price": decimal(reference),
        "limit_up_price": decimal(limit_up),
        "limit_down_price": decimal(limit_down),
        "previous_close": decimal(previous_close),
        "open_price": decimal(book.open),
        "high_price": decimal(book.high),
        "low_price": decimal(book.low),
        "close_price": decimal(book.close),
        "last_price": decimal(book.last),
        "last_size": book.last_qty,
        "total": {"volume": book.volume, "value": decimal(book.turnover), "transactions": book.trades},
    }
