"""What is written down of a book while its day is folded: displays, a provider's quotes, rounds, orders and trades.

Units: prices 1/10 000, quantities in shares, times ns. A row of `View` or `Own` holds until the next one.
"""

from enum import IntFlag
from typing import NamedTuple

import msgspec

from evermarket.records.kinds import Side


class Mark(IntFlag):
    """What a display shows beside its prices."""

    BID_AT_LIMIT_UP = 1
    ASK_AT_LIMIT_DOWN = 2
    MARKET_PRICE = 4


class View(NamedTuple):
    """What was disclosed from `time` on; None is an empty side."""

    time: int
    bid: int | None
    ask: int | None
    phase: int
    marks: Mark


class Own(NamedTuple):
    """A provider's best bid and ask from `time` on; `taken`: a trade or the exchange took something away just then."""

    time: int
    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int
    taken: bool


class Round(NamedTuple):
    """One matching round (撮合): a command that led to trades, at its last price."""

    time: int
    price: int


class OwnOrder(msgspec.Struct):
    """A provider's order as the issuer is told it (交易資料提供發行人)."""

    entered: int
    order_no: int
    line: int
    side: int
    price: int
    qty: int
    leaves: int
    tif: int
    filled: int = 0
    ended: int | None = None
    end: str = ""


class OwnTrade(NamedTuple):
    """A provider's trade as the issuer is told it."""

    time: int
    trade_no: int
    order_no: int
    side: int
    price: int
    qty: int


class Standing(msgspec.Struct):
    """All that one provider had in one book."""

    live: dict[int, OwnOrder] = {}
    owns: list[Own] = []
    orders: dict[int, OwnOrder] = {}
    trades: list[OwnTrade] = []
    refused_tif: int = 0
    dirty: bool = False
    taken: bool = False

    def settle(self, time: int) -> None:
        """Write down what has stood since `time`."""
        sides: list[tuple[int | None, int]] = []
        for side, best in ((Side.BUY, max), (Side.SELL, min)):
            prices = [one.price for one in self.live.values() if one.side == side]
            price = best(prices) if prices else None
            of_best = (one.leaves for one in self.live.values() if one.side == side and one.price == price)
            sides.append((price, sum(of_best)))
        self.owns.append(Own(time, *sides[0], *sides[1], self.taken))
        self.dirty = self.taken = False
