"""A slow, obvious order book that replays recorded order flow and tells what each order saw when it came in.

Source: price-time priority; the files of `l2_sse` already hold every order as entered and every cancel. Only best
prices and times of ends are kept, nothing is traded beyond what the recorded trades say.
Units: prices in ticks (integers), quantities in shares, times in milliseconds of the day.
Known gaps: an aggressive order whose own limit was never shown carries the last price it paid (see the data's README).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

BUY: Final = 1
SELL: Final = -1


class SeenOrder(msgspec.Struct):
    """One order and the market it met; `best_own` and `best_other` are 0 where that side was empty."""

    order_no: int
    side: int
    price: int
    qty: int
    time_ms: int
    best_own: int
    best_other: int
    cancelled_ms: int = -1

    @property
    def is_seen(self) -> bool:
        """Whether both sides stood when it came in."""
        return self.best_own > 0 and self.best_other > 0

    @property
    def overreach_ticks(self) -> int:
        """How far the price reaches into the other side: 0 at its best price, negative if it does not reach it."""
        return (self.price - self.best_other) * self.side

    @property
    def distance_ticks(self) -> int:
        """How far behind the own side's best price: 0 joins it, negative improves it."""
        return (self.best_own - self.price) * self.side


class ReplayedBook:
    """Live orders and the quantity at each price."""

    def __init__(self) -> None:
        self._live: dict[int, SeenOrder] = {}
        self._leaves: dict[int, int] = {}
        self._depth: dict[int, Counter[int]] = {BUY: Counter(), SELL: Counter()}
        self.seen: list[SeenOrder] = []

    def enter(self, order_no: int, side: int, price: int, qty: int, time_ms: int, *, fills: Mapping[int, int]) -> None:
        """An order comes in; `fills` are the quantities it takes from resting orders at once, by their number."""
        order = SeenOrder(order_no, side, price, qty, time_ms, self._best(side), self._best(-side))
        self.seen.append(order)
        for resting, filled in fills.items():
            self.take(resting, filled)
        left = qty - sum(fills.values())
        if left > 0:
            self._live[order_no] = order
            self._leaves[order_no] = left
            self._depth[side][price] += left

    def take(self, order_no: int, qty: int) -> None:
        """A resting order loses quantity."""
        if order_no not in self._live:
            return
        order = self._live[order_no]
        taken = min(qty, self._leaves[order_no])
        self._leaves[order_no] -= taken
        levels = self._depth[order.side]
        levels[order.price] -= taken
        if levels[order.price] <= 0:
            del levels[order.price]
        if self._leaves[order_no] <= 0:
            del self._live[order_no], self._leaves[order_no]

    def cancel(self, order_no: int, time_ms: int) -> None:
        """A resting order is withdrawn."""
        if order_no in self._live:
            self._live[order_no].cancelled_ms = time_ms
            self.take(order_no, self._leaves[order_no])

    def _best(self, side: int) -> int:
        levels = self._depth[side]
        if not levels:
            return 0
        return max(levels) if side == BUY else min(levels)
