"""Call auctions (集合競價): the price of most volume, the uncross, fixed-price and paired matches.

Rules: TWSE 58-3 para 2 and docs/format.md, sections 6.3, 6.9, 6.10.

How the price is found. Match the best buy with the best sale, level by level, as long as they cross: that gives the
largest volume V and the last buy price `buy` and sale price `sale` that took part. Every tick from `sale` to `buy`
trades V. The two other principles narrow it: all better-priced orders filled completely, so not below a partly filled
buy level nor below the next waiting buy, not above a partly filled sale level nor above the next waiting sale. Only
one of the two can be partly filled. What remains is an unbroken run of ticks [low, high], all with full right; the
tie rule picks one. O(levels that cross).
"""

from typing import Any

from evermarket.core.digest import refresh_book
from evermarket.core.emit import auction_event, booked, traded
from evermarket.core.jit import kernel
from evermarket.core.ladder import best_level, level_at, next_level, number_of, price_of
from evermarket.core.queue import fill, free_row, key_of, link
from evermarket.core.words import (
    AUCTIONED,
    BUY,
    FIXED,
    NO_AGGRESSOR,
    NONE,
    REGULAR,
    RULE_TIE_MIDDLE,
    SELL,
    TRADE_FIXED,
    TRADE_PAIRED,
    i64,
)


@kernel
def first_limit(st: Any, side: Any, height: Any) -> Any:
    """The best level of limit orders on row `side`, 0 if there is none."""
    level = best_level(st, side)
    if level != 0 and i64(st.levels[level]["key"]) == 0:
        return next_level(st, level, height)
    return level


@kernel
def nearest(st: Any, book: Any, low: Any, high: Any) -> Any:
    """The tick of [low, high] nearest to the last trade price, else the reference; in doubt the lower."""
    b = st.books[book]
    anchor = i64(b["last"])
    if anchor == NONE:
        anchor = i64(b["reference"])
    if anchor == NONE or anchor <= low:
        return low
    if anchor >= high:
        return high
    table = i64(b["table"])
    number = number_of(st, table, anchor)
    below = price_of(st, table, number)
    above = price_of(st, table, number + 1)
    if above - anchor < anchor - below:
        return above
    return below


@kernel
def middle(st: Any, book: Any, low: Any, high: Any, buy_wait: Any, sell_wait: Any) -> Any:
    """Shanghai: least surplus, then the middle; `buy_wait`, `sell_wait` wait at `low`, `high` beyond the volume."""
    table = i64(st.books[book]["table"])
    first = number_of(st, table, low)
    last = number_of(st, table, high)
    if first == last:
        return low
    inner_first = first + 1 if buy_wait > 0 else first
    inner_last = last - 1 if sell_wait > 0 else last
    if inner_first > inner_last:
        if buy_wait < sell_wait:
            return low
        return high
    return price_of(st, table, (inner_first + inner_last + 1) // 2)


@kernel
def determine(st: Any, book: Any) -> Any:
    """(price, volume, buy_left, sell_left) of an auction held now; (NONE, 0, 0, 0) if nothing crosses."""
    if i64(st.sides[2 * book + BUY]["live"]) == 0 or i64(st.sides[2 * book + SELL]["live"]) == 0:
        return (i64(NONE), i64(0), i64(0), i64(0))
    height = i64(st.books[book]["height"])
    buys = first_limit(st, 2 * book + BUY, height)
    sells = first_limit(st, 2 * book + SELL, height)
    buy_qty = i64(st.levels[buys]["qty"])
    sell_qty = i64(st.levels[sells]["qty"])
    buy = i64(NONE)
    sale = i64(NONE)
    volume = i64(0)
    while buys != 0 and sells != 0 and i64(st.levels[buys]["price"]) >= i64(st.levels[sells]["price"]):
        buy = i64(st.levels[buys]["price"])
        sale = i64(st.levels[sells]["price"])
        qty = min(buy_qty, sell_qty)
        volume += qty
        buy_qty -= qty
        sell_qty -= qty
        if buy_qty == 0:
            buys = next_level(st, buys, height)
            buy_qty = i64(st.levels[buys]["qty"])
        if sell_qty == 0:
            sells = next_level(st, sells, height)
            sell_qty = i64(st.levels[sells]["qty"])
    if volume == 0:
        return (i64(NONE), i64(0), i64(0), i64(0))
    low = sale
    high = buy
    if buys != 0:
        low = max(low, i64(st.levels[buys]["price"]))
    if sells != 0:
        high = min(high, i64(st.levels[sells]["price"]))
    buy_wait = buy_qty if buys != 0 and i64(st.levels[buys]["price"]) == low else i64(0)
    sell_wait = sell_qty if sells != 0 and i64(st.levels[sells]["price"]) == high else i64(0)
    if i64(st.books[book]["rules"]) & RULE_TIE_MIDDLE != 0:
        price = middle(st, book, low, high, buy_wait, sell_wait)
    else:
        price = nearest(st, book, low, high)
    return (price, volume, buy_wait if price == low else i64(0), sell_wait if price == high else i64(0))


@kernel
def uncross(st: Any, book: Any, code: Any, time: Any, out: Any, n: Any) -> Any:
    """Hold the auction: trades first with first, then AUCTIONED. Returns (n, price or NONE)."""
    price, volume, buy_left, sell_left = determine(st, book)
    if volume == 0:
        return (n, price)
    b = st.books[book]
    height = i64(b["height"])
    rest = volume
    count = 0
    while rest > 0:
        buy = i64(st.levels[first_limit(st, 2 * book + BUY, height)]["head"])
        sell = i64(st.levels[first_limit(st, 2 * book + SELL, height)]["head"])
        qty = min(rest, i64(st.orders[buy]["left"]), i64(st.orders[sell]["left"]))
        n = traded(st, out, n, time, book, code, NO_AGGRESSOR, price, qty, buy, sell)
        fill(st, buy, qty)
        fill(st, sell, qty)
        booked(b, price, qty)
        rest -= qty
        count += 1
    refresh_book(st, book)
    n = auction_event(st, out, n, time, AUCTIONED, code, book, (price, volume, buy_left, sell_left), count)
    return (n, price)


@kernel
def match_fixed(st: Any, book: Any, time: Any, out: Any, n: Any) -> Any:
    """After-hours fixed price (盤後定價): all at the closing price of the regular book."""
    b = st.books[book]
    regular = i64(st.book_of[i64(b["instrument"]) * 16 + REGULAR])
    price = i64(st.books[regular]["close"]) if regular != 0 and i64(b["segment"]) == FIXED else i64(NONE)
    buys = best_level(st, 2 * book + BUY)
    sells = best_level(st, 2 * book + SELL)
    if price == NONE or buys == 0 or sells == 0:
        return n
    buy_qty = i64(st.levels[buys]["qty"])
    sell_qty = i64(st.levels[sells]["qty"])
    volume = min(buy_qty, sell_qty)
    rest = volume
    count = 0
    while rest > 0:
        buy = i64(st.levels[buys]["head"])
        sell = i64(st.levels[sells]["head"])
        qty = min(i64(st.orders[buy]["left"]), i64(st.orders[sell]["left"]))
        n = traded(st, out, n, time, book, TRADE_FIXED, NO_AGGRESSOR, price, qty, buy, sell)
        fill(st, buy, qty)
        fill(st, sell, qty)
        booked(b, price, qty)
        rest -= qty
        count += 1
    refresh_book(st, book)
    result = (price, volume, buy_qty - volume, sell_qty - volume)
    return auction_event(st, out, n, time, AUCTIONED, TRADE_FIXED, book, result, count)


@kernel
def pair(st: Any, slot: Any, price: Any, number: Any, time: Any, out: Any, n: Any) -> Any:
    """Paired block (鉅額配對): meet the first counterpart of the same price, quantity and pair number, or wait."""
    o = st.orders[slot]
    place = i64(o["place"])
    book = place >> 1
    b = st.books[book]
    opposite = place ^ 1
    if price == NONE:
        link(st, slot, 0, price)
        return n
    level = level_at(st, opposite, i64(b["height"]), key_of(b, 1 - (place & 1), number))
    other = i64(st.levels[level]["head"])
    while other != 0:
        if (
            i64(st.orders[other]["left"]) == i64(o["left"])
            and i64(st.owners[other]["pair"]) == i64(st.owners[slot]["pair"])
        ):  # fmt: skip
            qty = i64(o["left"])
            buy, sell = (slot, other) if place & 1 == BUY else (other, slot)
            n = traded(st, out, n, time, book, TRADE_PAIRED, NO_AGGRESSOR, price, qty, buy, sell)
            o["cum"] += qty
            o["left"] = 0
            fill(st, other, qty)
            free_row(st, slot)
            booked(b, price, qty)
            refresh_book(st, book)
            return n
        other = i64(st.orders[other]["next"])
    link(st, slot, key_of(b, place & 1, number), price)
    return n
