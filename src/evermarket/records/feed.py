"""The public market data as 64-byte records (docs/feed.md): kinds from 128, which no journal holds.

The header is that of every record (docs/format.md, section 2), but `position` is the record's sequence in its channel
and `attributes` the segment alone; bytes no field names are zero. No account, member, line or client id is in them.
Units: prices 1/10 000, quantities in the smallest unit, times ns, a price that does not exist is NO_PRICE.
"""

from enum import IntEnum, IntFlag
from typing import Any, Final

import numpy as np

from evermarket.records.kinds import Segment
from evermarket.records.layout import HEADER, Records, record_dtype
from evermarket.records.units import BODY_BYTES, HEADER_BYTES, RECORD_BYTES


class FeedKind(IntEnum):
    """What a record of the feed is."""

    PACKET = 128
    END_OF_DAY = 129
    BOOK = 130
    LIMITS = 131
    STATE = 132
    TRADE = 133
    OFF_BOOK = 134
    VOIDED = 135
    SIMULATED = 136
    AUCTION = 137
    CLOSE = 138
    SUMMARY = 139
    NEWS = 140
    NEWS_LINE = 141
    QUOTE_WANTED = 142
    DRAW = 143
    ORDER_ADDED = 144
    ORDER_REDUCED = 145
    ORDER_EXECUTED = 146
    ORDER_DELETED = 147
    LEVEL = 148
    DAY_PRICES = 149
    DAY_TOTALS = 150
    REPLAY = 160
    REPLAYING = 161
    NOT_KEPT = 162


class FeedChannel(IntEnum):
    """`code` of a packet: what it carries."""

    BY_ORDER = 1
    BY_LEVEL = 2
    ORDER_SNAPSHOT = 3
    LEVEL_SNAPSHOT = 4


SNAPSHOT_OF: Final = {
    FeedChannel.BY_ORDER: FeedChannel.ORDER_SNAPSHOT,
    FeedChannel.BY_LEVEL: FeedChannel.LEVEL_SNAPSHOT,
}
"""The snapshot channel beside each incremental one."""


class LevelFlag(IntFlag):
    """Bits of `flags` of a LEVEL record."""

    SIMULATED = 1
    LAST = 2


class Disclosed(IntEnum):
    """Why an order left its place: `code` of ORDER_DELETED."""

    CANCELLED = 1
    REPRICED = 2


LEVELS: Final = 5
"""Best levels of a side that are disclosed (TWSE, operating rules 58)."""

LEVELS_OF: Final = {
    Segment.REGULAR: LEVELS,
    Segment.ODD_LOT: LEVELS,
    Segment.ODD_LOT_AFTER: 1,
    Segment.FIXED_PRICE: 0,
    Segment.BLOCK: LEVELS,
    Segment.BLOCK_PAIRED: 0,
}
"""Best levels disclosed by segment: after-hours odd lots the simulated best bid and ask alone (OL Art. 3, 8); fixed
price no prices (FP); paired blocks none."""

ORDERS_OF: Final = frozenset({Segment.REGULAR, Segment.ODD_LOT, Segment.BLOCK})
"""Segments whose orders the channel by order shows."""

SIMULATED_OF: Final = frozenset({Segment.REGULAR, Segment.ODD_LOT})
"""Segments whose simulated price and volume are told."""

PACKET: Final = record_dtype(
    ("trading_day", "<u4", 24),
    ("partition", "<u2", 28),
    ("count", "<u2", 30),
    ("stands_at", "<u8", 32),
    ("cycle_count", "<u4", 40),
)
END_OF_DAY: Final = record_dtype(("records", "<u8", 24), ("trades", "<u4", 32), ("crc", "<u4", 36))
BOOK: Final = record_dtype(("symbol", "S24", 24), ("lot", "<u4", 48), ("group", "<u2", 52), ("product", "u1", 54))
LIMITS: Final = record_dtype(
    ("reference", "<i8", 24), ("limit_up", "<i8", 32), ("limit_down", "<i8", 40), ("previous_close", "<i8", 48)
)
STATE: Final = record_dtype(("due", "<i8", 24), ("price", "<i8", 32), ("reference", "<i8", 40), ("mode", "u1", 48))
TRADE: Final = record_dtype(
    ("price", "<i8", 24), ("volume", "<i8", 32), ("turnover", "<i8", 40), ("qty", "<u4", 48), ("trade_no", "<u4", 52)
)
REPORTED: Final = record_dtype(("price", "<i8", 24), ("qty", "<u4", 48), ("trade_no", "<u4", 52))
AUCTION: Final = record_dtype(
    ("price", "<i8", 24), ("volume", "<i8", 32), ("buy_left", "<i8", 40), ("sell_left", "<i8", 48), ("count", "<u4", 56)
)
CLOSE: Final = record_dtype(
    ("open", "<i8", 24), ("high", "<i8", 32), ("low", "<i8", 40), ("close", "<i8", 48), ("volume", "<i8", 56)
)
SUMMARY: Final = record_dtype(
    ("turnover", "<i8", 24),
    ("best_bid", "<i8", 32),
    ("best_ask", "<i8", 40),
    ("reference", "<i8", 48),
    ("count", "<u4", 56),
)
NEWS: Final = record_dtype(("until", "<i8", 24), ("audience", "<u2", 32), ("urgency", "u1", 34), ("lines", "u1", 35))
NEWS_LINE: Final = record_dtype(("text", "S40", 24))
QUOTE_WANTED: Final = record_dtype(("qty", "<u4", 24), ("side", "u1", 28))
DRAW: Final = record_dtype(("seed", "<u8", 24), ("priority", "<u4", 32), ("count", "<u4", 36))
ORDER: Final = record_dtype(
    ("price", "<i8", 24),
    ("qty", "<u4", 32),
    ("leaves", "<u4", 36),
    ("order_no", "<u4", 40),
    ("priority", "<u4", 44),
    ("trade_no", "<u4", 48),
    ("side", "u1", 52),
)
LEVEL: Final = record_dtype(
    ("price", "<i8", 24), ("qty", "<i8", 32), ("count", "<u4", 40), ("side", "u1", 44), ("level", "u1", 45)
)
DAY_PRICES: Final = record_dtype(
    ("open", "<i8", 24), ("high", "<i8", 32), ("low", "<i8", 40), ("close", "<i8", 48), ("last", "<i8", 56)
)
DAY_TOTALS: Final = record_dtype(
    ("volume", "<i8", 24), ("turnover", "<i8", 32), ("trades", "<u4", 40), ("qty", "<u4", 44), ("trade_no", "<u4", 48)
)
REPLAY: Final = record_dtype(
    ("first", "<u8", 24), ("last", "<u8", 32), ("trading_day", "<u4", 40), ("partition", "<u2", 44)
)

FEED_LAYOUT: Final[dict[FeedKind, np.dtype[np.void]]] = {
    FeedKind.PACKET: PACKET,
    FeedKind.END_OF_DAY: END_OF_DAY,
    FeedKind.BOOK: BOOK,
    FeedKind.LIMITS: LIMITS,
    FeedKind.STATE: STATE,
    FeedKind.TRADE: TRADE,
    FeedKind.OFF_BOOK: REPORTED,
    FeedKind.VOIDED: REPORTED,
    FeedKind.SIMULATED: AUCTION,
    FeedKind.AUCTION: AUCTION,
    FeedKind.CLOSE: CLOSE,
    FeedKind.SUMMARY: SUMMARY,
    FeedKind.NEWS: NEWS,
    FeedKind.NEWS_LINE: NEWS_LINE,
    FeedKind.QUOTE_WANTED: QUOTE_WANTED,
    FeedKind.DRAW: DRAW,
    FeedKind.ORDER_ADDED: ORDER,
    FeedKind.ORDER_REDUCED: ORDER,
    FeedKind.ORDER_EXECUTED: ORDER,
    FeedKind.ORDER_DELETED: ORDER,
    FeedKind.LEVEL: LEVEL,
    FeedKind.DAY_PRICES: DAY_PRICES,
    FeedKind.DAY_TOTALS: DAY_TOTALS,
    FeedKind.REPLAY: REPLAY,
    FeedKind.REPLAYING: REPLAY,
    FeedKind.NOT_KEPT: REPLAY,
}
"""The dtype of each kind."""

assert all(dtype.itemsize == RECORD_BYTES for dtype in FEED_LAYOUT.values())
assert set(FEED_LAYOUT) == set(FeedKind)

_BODIES: Final = {
    "book": BOOK,
    "limits": LIMITS,
    "state": STATE,
    "trade": TRADE,
    "auction": AUCTION,
    "close": CLOSE,
    "summary": SUMMARY,
    "news": NEWS,
    "wanted": QUOTE_WANTED,
    "draw": DRAW,
    "order": ORDER,
    "level": LEVEL,
}


def _wide() -> np.dtype[np.void]:
    """All bodies that kernels write over one another: `rec["trade.price"]`; `rec["body.0"]` the eight bytes at 24."""
    spec: dict[str, tuple[np.dtype[Any], int]] = {}
    for prefix, dtype in {"": HEADER, **_BODIES}.items():
        for name, field in (dtype.fields or {}).items():
            if prefix == "" or name not in (HEADER.names or ()):
                spec[f"{prefix}.{name}".lstrip(".")] = (field[0], int(field[1]))
    del spec["book.symbol"]  # kernels move text as words
    spec |= {f"body.{k}": (np.dtype("<u8"), HEADER_BYTES + 8 * k) for k in range(BODY_BYTES // 8)}
    formats, offsets = zip(*spec.values(), strict=True)
    return np.dtype({"names": list(spec), "formats": formats, "offsets": offsets, "itemsize": RECORD_BYTES})


WIDE: Final = _wide()


def feed_record(kind: FeedKind, **values: int | bytes) -> Records:
    """One record of a kind with these fields; everything else zero."""
    row = np.zeros(1, FEED_LAYOUT[kind])
    row["kind"] = kind
    for name, value in values.items():
        row[name] = value
    return row
