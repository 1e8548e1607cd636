"""What a reader knows of the market: books rebuilt from the records of either incremental channel, or of a snapshot.

`Market().apply(records)`, in sequence. Pure; plain Python objects for whoever reads, not for whoever matches.
Units: prices 1/10 000, quantities in the smallest unit, times ns; a price that does not exist is NO_PRICE.
"""

from struct import Struct
from typing import Any, Final

import msgspec
import numpy as np

from evermarket.records import HEADER, NO_PRICE, RECORD_BYTES, Records
from evermarket.records.feed import FEED_LAYOUT, LEVELS, FeedKind
from evermarket.records.kinds import Mode, Phase
from evermarket.records.mixer import draw_rank
from evermarket.records.raw import WHOLE
from evermarket.records.units import HEADER_BYTES

Level = tuple[int, int, int]
"""(price, qty, count of orders; 0 where it is not told)."""

_EMPTY: Final[Level] = (NO_PRICE, 0, 0)


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """An order that stands in a book; `side` 1 buys, 2 sells."""

    order_no: int
    side: int
    price: int
    qty: int
    priority: int


class BookView(msgspec.Struct):
    """What is public of one book."""

    instrument: int
    segment: int
    symbol: str = ""
    lot: int = 0
    group: int = 0
    product: int = 0
    limits: tuple[int, int, int, int] = (NO_PRICE, NO_PRICE, NO_PRICE, NO_PRICE)
    """Reference, limit up, limit down, previous close."""
    phase: int = Phase.CLOSED
    mode: int = Mode.SHUT
    due: int = NO_PRICE
    open: int = NO_PRICE
    high: int = NO_PRICE
    low: int = NO_PRICE
    close: int = NO_PRICE
    last: int = NO_PRICE
    last_qty: int = 0
    trade_no: int = 0
    volume: int = 0
    turnover: int = 0
    trades: int = 0
    simulated: tuple[int, int, int, int] = (NO_PRICE, 0, 0, 0)
    """Price, volume, what would be left to buy and to sell; as told last while orders collect."""
    time: int = 0
    bids: list[Level] = msgspec.field(default_factory=lambda: [_EMPTY] * LEVELS)
    asks: list[Level] = msgspec.field(default_factory=lambda: [_EMPTY] * LEVELS)
    orders: dict[int, OrderView] = msgspec.field(default_factory=dict)
    draw: tuple[int, int] = (0, 0)
    """Seed, and the last priority that it ranks."""

    def told_levels(self) -> tuple[list[Level], list[Level]]:
        """Best levels as the channel by level told them, best first."""
        return [row for row in self.bids if row[1]], [row for row in self.asks if row[1]]

    def queue(self, side: int) -> list[OrderView]:
        """Orders of a side (1 buys, 2 sells) in price-time order, those without a price first."""
        return sorted((one for one in self.orders.values() if one.side == side), key=self._place)

    def _place(self, one: OrderView) -> tuple[int, int, int]:
        price = one.price if one.price == NO_PRICE or one.side == 2 else -one.price
        seed, until = self.draw
        if one.priority <= until:
            return price, 0, draw_rank(seed, one.order_no)
        return price, 1, one.priority

    def depth(self, levels: int = LEVELS) -> tuple[list[Level], list[Level]]:
        """Levels added up from the orders of the channel by order, best first."""
        sides: tuple[list[Level], list[Level]] = ([], [])
        for side in (1, 2):
            rows: dict[int, list[int]] = {}
            for one in self.queue(side):
                row = rows.setdefault(one.price, [0, 0])
                row[0] += one.qty
                row[1] += 1
            sides[side - 1].extend((price, qty, count) for price, (qty, count) in list(rows.items())[:levels])
        return sides


class Market:
    """All books of a partition as its feed tells them."""

    def __init__(self) -> None:
        self.books: dict[tuple[int, int], BookView] = {}
        self.ended = False

    def __repr__(self) -> str:
        return f"<Market {len(self.books)} books{', day ended' if self.ended else ''}>"

    def book(self, instrument: int, segment: int = 1) -> BookView:
        """A book; one that was not told of yet is empty."""
        key = (instrument, segment)
        if key not in self.books:
            self.books[key] = BookView(instrument, segment)
        return self.books[key]

    def replace(self, snapshot: Records) -> None:
        """Forget everything and stand where a snapshot cycle stands."""
        self.books.clear()
        self.ended = False
        self.apply(snapshot)

    def apply(self, records: Records) -> None:
        """Take records in their sequence."""
        data = np.ascontiguousarray(records).view(WHOLE).tobytes()
        for at in range(0, len(data), RECORD_BYTES):
            self.apply_one(data, at)

    def apply_one(self, data: bytes, at: int = 0) -> None:
        """Take the record at `at`."""
        _, time, kind, flags, instrument, code, segment = _HEADER.unpack_from(data, at)
        if kind == FeedKind.END_OF_DAY:
            self.ended = True
        if kind not in _APPLY:
            return
        book = self.book(instrument, segment)
        body, take = _APPLY[kind]
        take(book, code, flags, time, body.unpack_from(data, at + HEADER_BYTES))
        book.time = time


_HEADER: Final = Struct("<QqBBHHH")
_CODES: Final = {"u1": "B", "<u2": "H", "<u4": "I", "<u8": "Q", "<i8": "q", "|u1": "B"}


def _body(kind: FeedKind) -> Struct:
    """The body of a kind, its fields in the order of their offsets."""
    dtype = FEED_LAYOUT[kind]
    at, words = HEADER_BYTES, "<"
    for name, field in sorted((dtype.fields or {}).items(), key=lambda item: int(item[1][1])):
        if name in (HEADER.names or ()):
            continue
        form, offset = field[0], int(field[1])
        words += f"{offset - at}x" + (f"{form.itemsize}s" if form.kind == "S" else _CODES[form.str])
        at = offset + form.itemsize
    return Struct(words)


Body = tuple[Any, ...]


def _defined(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    symbol, book.lot, book.group, book.product = body
    book.symbol = symbol.rstrip(b"\0").decode("utf-8", "replace")


def _limited(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.limits = (body[0], body[1], body[2], body[3])


def _state(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.phase, book.due, book.mode = code, body[0], body[3]
    if book.mode != Mode.COLLECT:
        book.simulated = (NO_PRICE, 0, 0, 0)


def _traded(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.last, book.volume, book.turnover, book.last_qty, book.trade_no = body
    book.trades += 1
    if book.open == NO_PRICE:
        book.open = book.high = book.low = book.last
    book.high, book.low = max(book.high, book.last), min(book.low, book.last)


def _simulated(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.simulated = (body[0], body[1], body[2], body[3])


def _closed(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.close = body[3]


def _level(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    price, qty, count, side, level = body
    (book.bids if side == 1 else book.asks)[level - 1] = (price, qty, count) if qty else _EMPTY


def _prices(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.open, book.high, book.low, book.close, book.last = body


def _totals(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.volume, book.turnover, book.trades, book.last_qty, book.trade_no = body


def _drawn(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.draw = (body[0], body[1])


def _order(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    price, _, leaves, order_no, priority, _, side = body
    before = book.orders.get(order_no)
    if not leaves:
        book.orders.pop(order_no, None)
    elif before is None:
        book.orders[order_no] = OrderView(order_no, side, price, leaves, priority)
    else:  # executed at another price than its own perhaps: only the quantity changes
        book.orders[order_no] = msgspec.structs.replace(before, qty=leaves)


def _gone(book: BookView, code: int, flags: int, time: int, body: Body) -> None:
    book.orders.pop(body[3], None)


_APPLY: Final = {
    int(kind): (_body(kind), take)
    for kind, take in {
        FeedKind.BOOK: _defined,
        FeedKind.LIMITS: _limited,
        FeedKind.STATE: _state,
        FeedKind.TRADE: _traded,
        FeedKind.SIMULATED: _simulated,
        FeedKind.CLOSE: _closed,
        FeedKind.LEVEL: _level,
        FeedKind.DAY_PRICES: _prices,
        FeedKind.DAY_TOTALS: _totals,
        FeedKind.DRAW: _drawn,
        FeedKind.ORDER_ADDED: _order,
        FeedKind.ORDER_REDUCED: _order,
        FeedKind.ORDER_EXECUTED: _order,
        FeedKind.ORDER_DELETED: _gone,
    }.items()
}
