"""Why an order is refused: the first code of the ordered list that applies (docs/format.md, section 5.5).

The hot path asks one combined question; only when its answer is no does this file look for the reason. Each function
returns (code, value, bound), code 0 where nothing stands against the request.
"""

from typing import Any

from evermarket.core.jit import kernel
from evermarket.core.ladder import use_band
from evermarket.core.state import DAY_MAX, LIVE_MAX, NODE_MAX, PAGE_MAX, UNNAMED
from evermarket.core.words import (
    ANY_ORDER,
    C_ABOVE_LIMIT,
    C_BELOW_LIMIT,
    C_DUPLICATE,
    C_FULL,
    C_NO_CLOSING_PRICE,
    C_NO_RIGHT,
    C_NOT_IN_PHASE,
    C_OPEN_CLOSE,
    C_ORD_TYPE,
    C_ORDER_NO,
    C_PAIR,
    C_PRICE_ABSENT,
    C_PRICE_PRESENT,
    C_PRICE_RANGE,
    C_PRICE_TICK,
    C_QTY_LOT,
    C_QTY_MAX,
    C_QTY_MIN,
    C_QTY_ZERO,
    C_QUOTE_TIF,
    C_SIDE,
    C_SUSPENDED,
    C_TIF,
    C_TYPE_IN_PHASE,
    C_TYPE_NOT_ALLOWED,
    C_UNKNOWN_INSTRUMENT,
    C_UNKNOWN_LINE,
    C_UNUSED_BYTES,
    FIXED,
    MARKET,
    NONE,
    PAIRED,
    REGULAR,
    RIGHT_ORDERS,
    RIGHT_PROVIDER,
    ROD,
    RULE_SELL_ODD,
    RULE_VALUE_MINIMUM,
    SELL,
    TOP_PRICE,
    i64,
)

TOP_VALUE = 2**62


@kernel
def header_clean(c: Any) -> Any:
    """Whether the header bytes that member commands do not use are zero."""
    return (i64(c["flags"]) & 0x8F) == 0 and i64(c["code"]) == 0 and (i64(c["attributes"]) & 0xE000) == 0


@kernel
def spare_clean(c: Any) -> Any:
    """Whether every byte that no field of the kind names, and every header bit without meaning, is zero."""
    kind = i64(c["kind"])
    dirty = (
        (c["body.0"] & UNNAMED[kind, 0])
        | (c["body.1"] & UNNAMED[kind, 1])
        | (c["body.2"] & UNNAMED[kind, 2])
        | (c["body.3"] & UNNAMED[kind, 3])
        | (c["body.4"] & UNNAMED[kind, 4])
    )
    return dirty == 0 and i64(c["flags"]) & 0x80 == 0 and i64(c["attributes"]) & 0xE000 == 0


@kernel
def line_refusal(st: Any, line: Any, right: Any, cl_ord_id: Any, last_id: Any) -> Any:
    """Line, right, client order id (sections 5.1, 5.2); `last_id` is the line's last before this command."""
    row = st.lines[line]
    if i64(row["member"]) == 0:
        return (C_UNKNOWN_LINE, line, NONE)
    if i64(row["rights"]) & right == 0:
        return (C_NO_RIGHT, line, right)
    if cl_ord_id <= last_id:
        return (C_DUPLICATE, i64(cl_ord_id), i64(last_id))
    return (0, i64(0), i64(0))


@kernel
def qty_refusal(b: Any, side: Any, qty: Any, price: Any) -> Any:
    """Quantity of an order on side 0 or 1."""
    if qty == 0:
        return (C_QTY_ZERO, i64(0), NONE)
    if qty % i64(b["lot"]) != 0 and not (side == SELL and i64(b["rules"]) & RULE_SELL_ODD != 0):
        return (C_QTY_LOT, qty, i64(b["lot"]))
    if qty > i64(b["qty_max"]):
        return (C_QTY_MAX, qty, i64(b["qty_max"]))
    if qty < i64(b["qty_min"]):
        enough = i64(b["rules"]) & RULE_VALUE_MINIMUM != 0 and (
            price > TOP_VALUE // qty or (price > 0 and price * qty >= i64(b["value_min"]))
        )
        if not enough:
            return (C_QTY_MIN, qty, i64(b["qty_min"]))
    return (0, i64(0), i64(0))


@kernel
def price_refusal(st: Any, book: Any, priced: Any, price: Any) -> Any:
    """Price of an order that needs one (`priced`) or must not have one."""
    b = st.books[book]
    if not priced:
        if price != NONE:
            return (C_PRICE_PRESENT, price, NONE)
        return (0, i64(0), i64(0))
    if price == NONE:
        return (C_PRICE_ABSENT, price, NONE)
    if price < 1 or price > i64(b["price_top"]):
        return (C_PRICE_RANGE, price, TOP_PRICE)
    if price < i64(b["band_from"]) or price >= i64(b["band_to"]):
        use_band(st, book, price)
    tick = i64(b["band_tick"])
    if price % tick != 0:
        return (C_PRICE_TICK, price, tick)
    if i64(b["limited"]) != 0:
        if price > i64(b["limit_up"]):
            return (C_ABOVE_LIMIT, price, i64(b["limit_up"]))
        if price < i64(b["limit_down"]):
            return (C_BELOW_LIMIT, price, i64(b["limit_down"]))
    return (0, i64(0), i64(0))


@kernel
def no_close(st: Any, b: Any) -> Any:
    """Whether this is a fixed-price book whose instrument's regular book has no closing price."""
    if i64(b["segment"]) != FIXED:
        return False
    regular = i64(st.book_of[i64(b["instrument"]) * 16 + REGULAR])
    return regular == 0 or i64(st.books[regular]["close"]) == NONE


@kernel
def is_full(st: Any) -> Any:
    """Whether a table has no room for two more orders."""
    g = st.core[0]
    return (
        i64(g["live"]) >= LIVE_MAX - 4
        or i64(g["top_page"]) >= PAGE_MAX - 4
        or i64(g["top_node"]) >= NODE_MAX - 12
        or i64(g["order_no"]) >= DAY_MAX - 4
    )


@kernel
def type_refusal(b: Any, bit: Any, value: Any, bound: Any) -> Any:
    """Halt, phase and the security's own list, for the request whose bit in the allow masks is given."""
    allow = i64(b["allow"])
    if allow & bit == 0:
        if i64(b["halted"]) != 0:
            return (C_SUSPENDED, i64(b["phase"]), NONE)
        if bit & ANY_ORDER == 0 or allow & ANY_ORDER == 0:
            return (C_NOT_IN_PHASE, i64(b["phase"]), NONE)
        return (C_TYPE_IN_PHASE, i64(b["phase"]), NONE)
    if i64(b["own_allow"]) & bit == 0:
        return (C_TYPE_NOT_ALLOWED, value, bound)
    return (0, i64(0), i64(0))


@kernel
def vocabulary_refusal(c: Any) -> Any:
    """Side, type, time in force, open/close of a NEW command."""
    if not 1 <= i64(c["order.side"]) <= 2:
        return (C_SIDE, i64(c["order.side"]), NONE)
    if not 1 <= i64(c["order.ord_type"]) <= 3:
        return (C_ORD_TYPE, i64(c["order.ord_type"]), NONE)
    if not 1 <= i64(c["order.tif"]) <= 3:
        return (C_TIF, i64(c["order.tif"]), NONE)
    if i64(c["order.open_close"]) > 5:
        return (C_OPEN_CLOSE, i64(c["order.open_close"]), NONE)
    return (0, i64(0), i64(0))


@kernel
def new_refusal(st: Any, c: Any, book: Any, last_id: Any, expected_no: Any) -> Any:
    """The refusal of a NEW command; `last_id` and `expected_no` as they stood before it."""
    if not header_clean(c):
        return (C_UNUSED_BYTES, i64(0), NONE)
    line = i64(c["order.line"])
    found = line_refusal(st, line, RIGHT_ORDERS, c["order.cl_ord_id"], last_id)
    if found[0] != 0:
        return found
    if i64(c["order.order_no"]) != expected_no:
        return (C_ORDER_NO, i64(c["order.order_no"]), expected_no)
    if book == 0:
        return (C_UNKNOWN_INSTRUMENT, i64(c["instrument"]), i64(c["attributes"]) & 15)
    found = vocabulary_refusal(c)
    if found[0] != 0:
        return found
    b = st.books[book]
    ord_type = i64(c["order.ord_type"])
    tif = i64(c["order.tif"])
    found = type_refusal(b, 1 << ((ord_type - 1) * 3 + tif - 1), ord_type, tif)
    if found[0] != 0:
        return found
    if i64(st.lines[line]["rights"]) & RIGHT_PROVIDER != 0 and tif != ROD:
        return (C_QUOTE_TIF, tif, NONE)
    return value_refusal(st, c, book)


@kernel
def value_refusal(st: Any, c: Any, book: Any) -> Any:
    """The refusals of a NEW command that concern quantity, price and what its segment asks beside."""
    b = st.books[book]
    price = i64(c["order.price"])
    found = qty_refusal(b, i64(c["order.side"]) - 1, i64(c["order.qty"]), price)
    if found[0] != 0:
        return found
    priced = i64(c["order.ord_type"]) != MARKET and i64(b["segment"]) != FIXED
    found = price_refusal(st, book, priced, price)
    if found[0] != 0:
        return found
    if no_close(st, b):
        return (C_NO_CLOSING_PRICE, i64(c["instrument"]), NONE)
    if (i64(c["order.extra"]) != 0) != (i64(b["segment"]) == PAIRED):
        return (C_PAIR, i64(c["order.extra"]), NONE)
    if is_full(st):
        return (C_FULL, i64(0), LIVE_MAX)
    return (0, i64(0), i64(0))
