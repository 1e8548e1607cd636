"""The numbers of the feed as plain integers, the form in which kernels take constants."""

from typing import Final

from evermarket.records.feed import LEVELS, LEVELS_OF, ORDERS_OF, SIMULATED_OF, Disclosed, FeedKind, LevelFlag
from evermarket.records.kinds import Kind, Segment

BOOK: Final = int(FeedKind.BOOK)
LIMITS: Final = int(FeedKind.LIMITS)
STATE: Final = int(FeedKind.STATE)
TRADE: Final = int(FeedKind.TRADE)
OFF_BOOK: Final = int(FeedKind.OFF_BOOK)
VOIDED: Final = int(FeedKind.VOIDED)
SIMULATED: Final = int(FeedKind.SIMULATED)
AUCTION: Final = int(FeedKind.AUCTION)
CLOSE: Final = int(FeedKind.CLOSE)
SUMMARY: Final = int(FeedKind.SUMMARY)
NEWS: Final = int(FeedKind.NEWS)
NEWS_LINE: Final = int(FeedKind.NEWS_LINE)
QUOTE_WANTED: Final = int(FeedKind.QUOTE_WANTED)
DRAW: Final = int(FeedKind.DRAW)
ORDER_ADDED: Final = int(FeedKind.ORDER_ADDED)
ORDER_REDUCED: Final = int(FeedKind.ORDER_REDUCED)
ORDER_EXECUTED: Final = int(FeedKind.ORDER_EXECUTED)
ORDER_DELETED: Final = int(FeedKind.ORDER_DELETED)
LEVEL: Final = int(FeedKind.LEVEL)

CONVERTED: Final = int(Kind.CONVERTED)

"""By segment: best levels told, whether orders are told, whether simulated prices are."""
SHOWS_LEVELS: Final = tuple(LEVELS_OF.get(Segment(k), 0) if k in set(Segment) else 0 for k in range(16))
SHOWS_ORDERS: Final = tuple(int(k in ORDERS_OF) for k in range(16))
SHOWS_SIMULATED: Final = tuple(int(k in SIMULATED_OF) for k in range(16))

IS_SIMULATED: Final = int(LevelFlag.SIMULATED)
IS_LAST: Final = int(LevelFlag.LAST)
BY_CANCEL: Final = int(Disclosed.CANCELLED)
BY_REPRICE: Final = int(Disclosed.REPRICED)
SHOWN: Final = LEVELS
TOLD: Final = 2 * LEVELS
"""Rows of `told` a book has."""

MARKET_KEY: Final = 2**62
"""Key of the level of orders without a price: before every price of either side."""

BOOK_ROWS: Final = 3 + TOLD
"""Most records that the end of a command tells of one book."""

COMMAND_ROWS: Final = 32
"""Most records that one record of the stream gives, beside what the end of its command tells."""

"""How a call of the fold ended."""
DONE: Final = 0
OUT_FULL: Final = 1
MORE_ORDERS: Final = 2
MORE_LEVELS: Final = 3
BAD_POSITION: Final = 4
BAD_BOOK: Final = 5
BAD_ORDER: Final = 6
