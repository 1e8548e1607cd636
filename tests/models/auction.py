"""The call auction and the fixed-price match (docs/format.md, sections 6.3 and 6.10).

The price is found by trying prices. Up to `BRUTE_TICKS` ticks every valid price between the lowest sell and the
highest buy is tried: outside them one side is empty and V is 0. Over wider ranges these are tried: each order's price,
the valid price above and below it, and the valid prices around the anchor. That is enough, because demand and supply
are step functions that change only at an order's price or one tick beside it: on each stretch between, V, D and S are
constant, so a stretch qualifies as a whole, and its ends are among the candidates; the nearest price to the anchor
inside such a stretch is an end of it or a neighbour of the anchor. The middle of TIE_MIDDLE is computed from the ends.
"""

from dataclasses import dataclass

from evermarket.records.kinds import Aggressor, BookFlag, Kind, Segment, Side, TradeKind
from tests.models.state import Book, Filled, Market, Order
from tests.models.ticks import TickTable

BRUTE_TICKS = 600


@dataclass
class Price:
    """What an auction at `price` would give: volume, and what stays of the orders that could trade there."""

    price: int
    volume: int
    buy_left: int
    sell_left: int


def demand(buys: list[Order], price: int) -> int:
    return sum(order.leaves for order in buys if order.price >= price)


def supply(sells: list[Order], price: int) -> int:
    return sum(order.leaves for order in sells if order.price <= price)


def candidates(table: TickTable, buys: list[Order], sells: list[Order], anchor: int | None) -> list[int]:
    """Prices to try, ascending; see the module's text."""
    low, high = min(order.price for order in sells), max(order.price for order in buys)
    first, last = table.number(low), table.number(high)
    if last - first < BRUTE_TICKS:
        return [table.price(number) for number in range(first, last + 1)]
    prices = [order.price for order in (*buys, *sells)] + ([anchor] if anchor is not None else [])
    numbers = {table.number(price) + step for price in prices for step in (-1, 0, 1)}
    return [table.price(number) for number in sorted(numbers) if first <= number <= last]


def qualifies(buys: list[Order], sells: list[Order], price: int, volume: int) -> bool:
    """All buys above and all sells below the price trade in full, and one side at the price does."""
    above = sum(order.leaves for order in buys if order.price > price)
    below = sum(order.leaves for order in sells if order.price < price)
    return above <= volume and below <= volume and volume in (demand(buys, price), supply(sells, price))


def auction_price(market: Market, book: Book) -> Price | None:
    """6.3: the price that an auction of the book would have now, or none."""
    buys, sells = book.limits(Side.BUY), book.limits(Side.SELL)
    if not buys or not sells or buys[0].price < sells[0].price:
        return None
    table = market.table(book)
    tried = candidates(table, buys, sells, book.anchor)
    volumes = {price: min(demand(buys, price), supply(sells, price)) for price in tried}
    most = max(volumes.values())
    good = [price for price in tried if volumes[price] == most and qualifies(buys, sells, price, most)]
    if book.has(BookFlag.TIE_MIDDLE):
        price = middle(table, buys, sells, good)
    else:
        price = nearest(good, book.anchor)
    return Price(price, most, demand(buys, price) - most, supply(sells, price) - most)


def nearest(prices: list[int], anchor: int | None) -> int:
    """Nearest to the anchor; two equally near, or no anchor: the lower."""
    if anchor is None:
        return prices[0]
    return min(prices, key=lambda price: (abs(price - anchor), price))


def middle(table: TickTable, buys: list[Order], sells: list[Order], prices: list[int]) -> int:
    """Rule TIE_MIDDLE: least |D - S|, then the middle by price number, halves up."""

    def surplus(price: int) -> int:
        return abs(demand(buys, price) - supply(sells, price))

    least = min(surplus(price) for price in prices)
    tied = [price for price in prices if surplus(price) == least]
    return table.price((table.number(tied[0]) + table.number(tied[-1]) + 1) // 2)


def hold_auction(market: Market, book: Book, kind: TradeKind) -> int | None:
    """6.3: trade at the one price, tell AUCTIONED; the price, or none. A new collection begins either way (6.4)."""
    found = auction_price(market, book)
    if found is not None:
        count = 0
        left = found.volume
        while left:
            buy, sell = book.limits(Side.BUY)[0], book.limits(Side.SELL)[0]
            qty = min(buy.leaves, sell.leaves, left)
            trade(market, book, buy, sell, found.price, qty, kind, Aggressor.NONE)
            left -= qty
            count += 1
        tell_auctioned(market, book, kind, found, count)
    book.begin_collection()
    return found.price if found else None


def tell_auctioned(market: Market, book: Book, kind: TradeKind, found: Price, count: int) -> None:
    market.tell(
        Kind.AUCTIONED,
        instrument=book.instrument,
        attributes=book.segment,
        code=kind,
        price=found.price,
        volume=found.volume,
        buy_left=found.buy_left,
        sell_left=found.sell_left,
        count=count,
    )


def match_fixed_price(market: Market, book: Book) -> None:
    """6.10: the book of segment FIXED_PRICE trades at the close of the regular one, first with first by priority."""
    price = market.regular_close(book)
    buys, sells = (sum(order.leaves for order in book.queue(side)) for side in (Side.BUY, Side.SELL))
    volume = min(buys, sells)
    if book.segment != Segment.FIXED_PRICE or price is None or not volume:
        return
    left, count = volume, 0
    while left:
        buy, sell = book.queue(Side.BUY)[0], book.queue(Side.SELL)[0]
        qty = min(buy.leaves, sell.leaves, left)
        trade(market, book, buy, sell, price, qty, TradeKind.FIXED_PRICE, Aggressor.NONE)
        left -= qty
        count += 1
    tell_auctioned(market, book, TradeKind.FIXED_PRICE, Price(price, volume, buys - volume, sells - volume), count)


def trade(
    market: Market,
    book: Book,
    buy: Order,
    sell: Order,
    price: int,
    qty: int,
    kind: TradeKind,
    aggressor: Aggressor,
) -> None:
    """One fill: both orders, the book's figures (6.3), TRADED. An order with nothing left leaves the book."""
    for order in (buy, sell):
        order.cum += qty
    book.orders = [order for order in book.orders if order.leaves]
    book.last = price
    book.open = price if book.open is None else book.open
    book.high = price if book.high is None else max(book.high, price)
    book.low = price if book.low is None else min(book.low, price)
    book.volume += qty
    book.turnover += price * qty
    book.trades += 1
    limits = [order.price if order.has_limit else None for order in (buy, sell)]
    market.fills.append(Filled(price, qty, buy.number, sell.number, *limits))
    market.tell(
        Kind.TRADED,
        instrument=book.instrument,
        attributes=book.segment,
        code=kind,
        flags=aggressor,
        price=price,
        qty=qty,
        trade_no=market.next_trade,
        buy_no=buy.number,
        sell_no=sell.number,
        buy_leaves=buy.leaves,
        sell_leaves=sell.leaves,
        buy_cum=buy.cum,
        sell_cum=sell.cum,
    )
    market.next_trade += 1
