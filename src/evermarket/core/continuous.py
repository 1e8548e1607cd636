"""Continuous matching (逐筆交易): sweep, converted market orders, FOK, volatility band (docs/format.md, section 6.1).

Rules: TWSE 58-3 paras 3, 6, 7 and 58-8. An incoming order already has its row (queue.py) but no place; it sweeps the
other side, then joins its own, ends, or starts a volatility call. All comparisons are exact: the band of a weighted
average is turned into two integer prices without ever rounding the average. Invariants: in mode CONTINUOUS the best
buy key and the best sell key never cross after a command.
"""

from typing import Any

from evermarket.core.digest import refresh_book
from evermarket.core.emit import booked, cancelled, changed, stabilised, traded
from evermarket.core.jit import hot, kernel
from evermarket.core.ladder import best_level, end_page, next_level
from evermarket.core.machine import highest_bit
from evermarket.core.queue import fill, free_row, link, unlink
from evermarket.core.words import (
    ALLOW_IN_CALL,
    BLOCKS,
    BUY,
    BY_BAND,
    BY_SELF_TRADE,
    BY_STABILISATION,
    BY_TIF,
    CANCELLED,
    COLLECT,
    FIXED,
    FOK,
    NONE,
    PHASE_VOLATILITY,
    RIGHT_PROVIDER,
    ROD,
    RULE_NO_SELF_TRADE,
    RULE_VOLATILITY,
    STABILISATION_STARTED,
    TRADE_BLOCK,
    TRADE_CONTINUOUS,
    VOLATILITY,
    i64,
)

STOP_BAND = 1
STOP_SELF = 2
OPEN_BAND = 2**62
WORD_LOW = 2**32 - 1


@kernel
def trim_window(st: Any, book: Any, since: Any) -> None:
    """Forget the trades of a book at or before `since`."""
    b = st.books[book]
    g = st.core[0]
    row = i64(b["window_head"])
    while row != 0 and i64(st.window[row]["time"]) <= since:
        w = st.window[row]
        b["window_high"] -= i64(w["high"])
        b["window_low"] -= i64(w["low"])
        b["window_qty"] -= i64(w["qty"])
        after = i64(w["next"])
        w["next"] = g["free_trade"]
        g["free_trade"] = row
        row = after
    b["window_head"] = row
    if row == 0:
        b["window_tail"] = 0


@kernel
def remember_trades(st: Any, book: Any, time: Any, high: Any, low: Any, qty: Any) -> None:
    """Add what one command traded to the book's window (58-3 para 7)."""
    b = st.books[book]
    g = st.core[0]
    row = i64(g["free_trade"])
    if row != 0:
        g["free_trade"] = st.window[row]["next"]
    else:
        g["top_trade"] += 1
        row = i64(g["top_trade"])
    w = st.window[row]
    w["time"] = time
    w["high"] = high
    w["low"] = low
    w["qty"] = qty
    w["next"] = 0
    if i64(b["window_head"]) == 0:
        b["window_head"] = row
    else:
        st.window[i64(b["window_tail"])]["next"] = row
    b["window_tail"] = row
    b["window_high"] += high
    b["window_low"] += low
    b["window_qty"] += qty


@kernel
def divide(high: Any, low: Any, qty: Any) -> Any:
    """(quotient, rest) of (high x 2^32 + low) / qty, exact also where the dividend does not fit a word."""
    high += low >> 32
    low &= WORD_LOW
    if high < i64(1) << 30:
        value = (high << 32) + low
        return (value // qty, value % qty)
    quotient = high // qty
    rest = high % qty
    for bit in range(31, -1, -1):
        rest = 2 * rest + ((low >> bit) & 1)
        quotient = 2 * quotient
        if rest >= qty:
            rest -= qty
            quotient += 1
    return (quotient, rest)


@kernel
def around(whole: Any, rest: Any, qty: Any, permille: Any) -> Any:
    """(lowest, highest) price inside R x (1000 -+ permille) / 1000 for R = whole + rest / qty, and R rounded down."""
    up = 1000 + permille
    down = 1000 - permille
    high = up * whole // 1000 + ((up * whole % 1000) * qty + up * rest) // (1000 * qty)
    low = down * whole // 1000 + ((down * whole % 1000) * qty + down * rest + 1000 * qty - 1) // (1000 * qty)
    return (low, high, whole)


@kernel
def band(st: Any, book: Any, time: Any) -> Any:
    """(lowest, highest) price at which the command of `time` may trade, and the reference rounded down."""
    b = st.books[book]
    if i64(b["rules"]) & RULE_VOLATILITY == 0 or i64(b["set"]) == 0 or i64(b["had_first"]) == 0:
        return (i64(0), i64(OPEN_BAND), i64(0))
    s = st.sets[i64(b["set"])]
    permille = i64(s["band"])
    window = i64(s["window"])
    price = i64(NONE)
    if i64(b["had_call"]) != 0 and time - i64(b["call_end"]) <= window:
        price = i64(b["call_price"])
    elif time - i64(b["first_match"]) <= window:
        price = i64(b["first_price"])
        if price == NONE:
            price = i64(b["reference"])
    if price == NONE:
        trim_window(st, book, time - window)
        if i64(b["window_qty"]) > 0:
            qty = i64(b["window_qty"])
            whole, rest = divide(i64(b["window_high"]), i64(b["window_low"]), qty)
            return around(whole, rest, qty, permille)
        price = i64(b["last"])
    if price == NONE:
        price = i64(b["reference"])
    if price == NONE:
        return (i64(0), i64(OPEN_BAND), i64(0))
    return around(price, i64(0), i64(1), permille)


@kernel
def converted(st: Any, book: Any, side: Any, incoming_price: Any) -> Any:
    """Price of the market orders resting on `side` (0 buys, 1 sells) before the next fill; NONE if there is none."""
    b = st.books[book]
    height = i64(b["height"])
    price = i64(b["last"])
    if price == NONE:
        price = i64(b["reference"])
    own = 2 * book + side
    level = next_level(st, best_level(st, own), height)
    page = end_page(st, 2 * book + 1 - side, height, True)
    for step in range(3):
        other = incoming_price
        if step == 0:
            other = i64(st.levels[level]["price"]) if level != 0 else i64(NONE)
        elif step == 1:
            other = worst_price(st, page)
        if other != NONE and (price == NONE or (other > price if side == BUY else other < price)):
            price = other
    return price


@kernel
def worst_price(st: Any, page: Any) -> Any:
    """Price of the last level of a page, NONE for page 0 or a level of market orders."""
    if page == 0:
        return i64(NONE)
    return i64(st.levels[(page << 6) | highest_bit(st.pages[page]["bits"])]["price"])


@kernel
def can_fill(st: Any, book: Any, opposite: Any, bound: Any, need: Any, price: Any, low: Any, high: Any) -> Any:
    """Whether `need` can trade at once: 0 yes, BY_TIF or BY_BAND what stands against it."""
    height = i64(st.books[book]["height"])
    level = best_level(st, 2 * book + opposite)
    total = i64(0)
    while level != 0:
        row = st.levels[level]
        if i64(row["key"]) > bound:
            break
        at = i64(row["price"]) if i64(row["key"]) != 0 else converted(st, book, opposite, price)
        if at == NONE:
            break
        if at < low or at > high:
            return BY_BAND
        total += i64(row["qty"])
        if total >= need:
            return 0
        level = next_level(st, level, height)
    return BY_TIF


@kernel
def same_provider(st: Any, slot: Any, other: Any) -> Any:
    """Whether two orders are of one liquidity provider's account (WLP Art.4)."""
    x = st.owners[slot]
    y = st.owners[other]
    return (
        i64(x["account"]) == i64(y["account"])
        and i64(st.lines[i64(x["line"])]["rights"]) & RIGHT_PROVIDER != 0
        and i64(st.lines[i64(y["line"])]["rights"]) & RIGHT_PROVIDER != 0
    )


@kernel
def sweep(st: Any, slot: Any, price: Any, bound: Any, low: Any, high: Any, time: Any, out: Any, n: Any) -> Any:
    """Fill the order in row `slot` from the other side, best first. Returns (n, what stopped it, the price outside)."""
    o = st.orders[slot]
    place = i64(o["place"])
    book = place >> 1
    opposite = 1 - (place & 1)
    b = st.books[book]
    code = TRADE_BLOCK if i64(b["segment"]) == BLOCKS else TRADE_CONTINUOUS
    guarded = i64(b["rules"]) & RULE_NO_SELF_TRADE != 0
    value_high = i64(0)
    value_low = i64(0)
    qty = i64(0)
    stop = 0
    outside = i64(NONE)
    while i64(o["left"]) > 0:
        level = best_level(st, 2 * book + opposite)
        if level == 0 or i64(st.levels[level]["key"]) > bound:
            break
        at = i64(st.levels[level]["price"])
        if i64(st.levels[level]["key"]) == 0:
            at = converted(st, book, opposite, price)
            if at == NONE:
                break
        other = i64(st.levels[level]["head"])
        if guarded and same_provider(st, slot, other):
            stop = STOP_SELF
            break
        if at < low or at > high:
            stop = STOP_BAND
            outside = at
            break
        take = min(i64(o["left"]), i64(st.orders[other]["left"]))
        if opposite == BUY:
            n = traded(st, out, n, time, book, code, 2, at, take, other, slot)
        else:
            n = traded(st, out, n, time, book, code, 1, at, take, slot, other)
        o["left"] -= take
        o["cum"] += take
        fill(st, other, take)
        booked(b, at, take)
        value_high += (at * take) >> 32
        value_low += (at * take) & WORD_LOW
        qty += take
    if qty > 0:
        if i64(b["rules"]) & RULE_VOLATILITY != 0:
            remember_trades(st, book, time, value_high, value_low, qty)
        refresh_book(st, book)
    return (n, stop, outside)


@kernel
def purge_market(st: Any, book: Any, reason: Any, time: Any, out: Any, n: Any) -> Any:
    """Delete the resting market orders of both sides, buys first, by priority."""
    if i64(st.books[book]["segment"]) == FIXED:
        return n
    for side in range(2):
        level = best_level(st, 2 * book + side)
        while level != 0 and i64(st.levels[level]["key"]) == 0:
            slot = i64(st.levels[level]["head"])
            n = cancelled(st, out, n, time, reason, 0, slot)
            unlink(st, slot)
            free_row(st, slot)
            level = best_level(st, 2 * book + side)
    return n


@kernel
def start_call(st: Any, slot: Any, outside: Any, reference: Any, time: Any, out: Any, n: Any) -> Any:
    """A limit order would trade outside the band: volatility call (瞬間價格穩定措施, 58-3 para 6)."""
    book = i64(st.orders[slot]["place"]) >> 1
    b = st.books[book]
    due = time + i64(st.sets[i64(b["set"])]["duration"])
    no = i64(st.orders[slot]["order_no"])
    n = stabilised(st, out, n, time, STABILISATION_STARTED, VOLATILITY, book, due, outside, reference, NONE, no)
    n = purge_market(st, book, BY_STABILISATION, time, out, n)
    b["special"] = VOLATILITY
    b["due"] = due
    b["entry"] = NONE
    b["owed"] = 0
    b["phase"] = PHASE_VOLATILITY
    b["mode"] = COLLECT
    b["allow"] = i64(st.groups[i64(b["group"])]["allow"]) & ALLOW_IN_CALL
    forget_told(b)
    refresh_book(st, book)
    return n


@hot
def forget_told(b: Any) -> None:
    """A new collection of orders begins: nothing simulated has been told yet."""
    b["told_price"] = NONE
    b["told_volume"] = 0
    b["told_buy"] = 0
    b["told_sell"] = 0
    b["simulated"] = NONE
    b["before"] = NONE


@kernel
def drop(st: Any, slot: Any, price: Any, reason: Any, time: Any, out: Any, n: Any) -> Any:
    """Cancel what is left of an incoming order that has no place."""
    left = i64(st.orders[slot]["left"])
    n = changed(st, out, n, time, CANCELLED, reason, 0, slot, price, left, 0)
    free_row(st, slot)
    return n


@kernel
def take(st: Any, slot: Any, price: Any, key: Any, bound: Any, tif: Any, time: Any, out: Any, n: Any) -> Any:
    """An order that crosses the other side in mode CONTINUOUS: sweep, then what is left."""
    place = i64(st.orders[slot]["place"])
    book = place >> 1
    low, high, reference = band(st, book, time)
    if tif == FOK:
        reason = can_fill(st, book, 1 - (place & 1), bound, i64(st.orders[slot]["left"]), price, low, high)
        if reason != 0:
            return drop(st, slot, price, reason, time, out, n)
    n, stop, outside = sweep(st, slot, price, bound, low, high, time, out, n)
    if i64(st.orders[slot]["left"]) == 0:
        free_row(st, slot)
        return n
    if stop == STOP_SELF:
        return drop(st, slot, price, BY_SELF_TRADE, time, out, n)
    if stop == STOP_BAND:
        if tif != ROD or key == 0:
            return drop(st, slot, price, BY_BAND, time, out, n)
        n = start_call(st, slot, outside, reference, time, out, n)
    elif tif != ROD:
        return drop(st, slot, price, BY_TIF, time, out, n)
    link(st, slot, key, price)
    return n


@hot
def enter(st: Any, slot: Any, price: Any, key: Any, bound: Any, tif: Any, time: Any, out: Any, n: Any) -> Any:
    """An accepted order meets a book in mode CONTINUOUS."""
    opposite = i64(st.orders[slot]["place"]) ^ 1
    if i64(st.sides[opposite]["best_key"]) <= bound:
        return take(st, slot, price, key, bound, tif, time, out, n)
    if tif != ROD:
        return drop(st, slot, price, BY_TIF, time, out, n)
    link(st, slot, key, price)
    return n
