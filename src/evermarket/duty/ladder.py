"""One side of a book as quantities by price: the best price, and the best one behind a given price.

Units: prices 1/10 000, quantities in shares. Prices that emptied stay in the heap until they come to its top.
"""

from heapq import heappop, heappush

from evermarket.records import NO_PRICE
from evermarket.records.kinds import Side


class Ladder:
    """Quantities by price; `market` is what stands without a price."""

    def __init__(self, side: Side) -> None:
        self.market = 0
        self._sign = -1 if side == Side.BUY else 1
        self._qty: dict[int, int] = {}
        self._heap: list[int] = []

    def __repr__(self) -> str:
        return f"<Ladder best {self.best()}, {len(self._qty)} prices, {self.market} at market>"

    def add(self, price: int, qty: int) -> None:
        """More (or, below 0, less) at a price; NO_PRICE is a market order."""
        if price == NO_PRICE:
            self.market += qty
            return
        before = self._qty.get(price)
        if before is None:
            heappush(self._heap, self._sign * price)
            before = 0
        if before + qty:
            self._qty[price] = before + qty
        elif price in self._qty:
            del self._qty[price]

    def best(self) -> int | None:
        """The best price with a quantity."""
        while self._heap:
            price = self._sign * self._heap[0]
            if price in self._qty:
                return price
            heappop(self._heap)
        return None

    def worse_than(self, price: int) -> int | None:
        """The best price that is strictly worse than `price`."""
        behind = [self._sign * one for one in self._qty if self._sign * one > self._sign * price]
        return self._sign * min(behind) if behind else None
