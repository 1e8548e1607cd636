"""Members' orders: new, reduce, re-price, cancel (docs/format.md, sections 5.5 and 6.1).

NEW and CANCEL are the hot path: one combined question decides whether anything stands against the request, and only
then is the reason looked for (checks.py). Client order ids and order numbers are used up before that, whatever the
answer (5.2, 5.3).
"""

from typing import Any

from evermarket.core.auction import pair
from evermarket.core.checks import header_clean, is_full, line_refusal, new_refusal, price_refusal
from evermarket.core.continuous import enter
from evermarket.core.emit import cancelled, changed, reject
from evermarket.core.jit import hot, kernel
from evermarket.core.ladder import use_band
from evermarket.core.queue import free_row, key_of, link, price_of_order, reweigh, take_row, unlink
from evermarket.core.state import DAY_MAX, LIVE_MAX
from evermarket.core.words import (
    ACCEPTED,
    ALLOW_CANCEL,
    ALLOW_REDUCE,
    ALLOW_REPRICE,
    BY_EXCHANGE,
    BY_MEMBER,
    C_FULL,
    C_NOT_IN_PHASE,
    C_NOT_OWNER,
    C_ORDER_NOT_LIVE,
    C_ORDER_UNKNOWN,
    C_PRICE_AND_QTY,
    C_QTY_LOT,
    C_QTY_ZERO,
    C_REPRICE_NOT_ALLOWED,
    C_SUSPENDED,
    C_TYPE_NOT_ALLOWED,
    C_UNUSED_BYTES,
    C_WRONG_BOOK,
    CANCEL,
    COLLECT,
    CONTINUOUS,
    FIXED,
    LIMIT,
    NO_KEY,
    NONE,
    PAIR,
    PAIRED,
    REDUCE,
    REDUCED,
    REPRICE,
    REPRICED,
    RIGHT_ORDERS,
    RIGHT_PROVIDER,
    ROD,
    RULE_SELL_ODD,
    SELL,
    i64,
    u64,
)


@hot
def place_in(
    st: Any, slot: Any, book: Any, mode: Any, price: Any, number: Any, tif: Any, time: Any, out: Any, n: Any
) -> Any:
    """An accepted or re-priced order goes where the book's mode sends it; `number` is its price's (0: no price)."""
    b = st.books[book]
    side = i64(st.orders[slot]["place"]) & 1
    key = key_of(b, side, number)
    if i64(b["segment"]) == FIXED:
        link(st, slot, key, price)
        return n
    if mode == CONTINUOUS:
        bound = i64(NO_KEY - 1) if number == 0 else key_of(b, 1 - side, number)
        return enter(st, slot, price, key, bound, tif, time, out, n)
    if mode == PAIR:
        return pair(st, slot, price, number, time, out, n)
    link(st, slot, key, price)
    return n


@hot
def good_number(st: Any, book: Any, price: Any) -> Any:
    """Number of a limit price that is in range, inside the limits and on tick; else 0."""
    b = st.books[book]
    if price < i64(b["limit_down"]) or price > i64(b["limit_up"]):
        return i64(0)
    if price < i64(b["band_from"]) or price >= i64(b["band_to"]):
        use_band(st, book, price)
    offset = u64(price - i64(b["band_from"]))
    ticks = offset // u64(b["band_tick"])
    if ticks * u64(b["band_tick"]) != offset:
        return i64(0)
    return i64(b["band_number"]) + i64(ticks)


@hot
def new_good(st: Any, c: Any, b: Any, number: Any, rights: Any) -> Any:
    """Whether nothing stands against a NEW command from a known line with a fresh id; `number` is its price's."""
    side = i64(c["order.side"])
    ord_type = i64(c["order.ord_type"])
    tif = i64(c["order.tif"])
    if side < 1 or side > 2 or ord_type < 1 or ord_type > 2 or tif < 1 or tif > 3:
        return False
    if i64(c["order.open_close"]) > 5 or not header_clean(c):
        return False
    bit = 1 << ((ord_type - 1) * 3 + tif - 1)
    if i64(b["allow"]) & i64(b["own_allow"]) & bit == 0:
        return False
    if rights & RIGHT_PROVIDER != 0 and tif != ROD:
        return False
    qty = i64(c["order.qty"])
    if qty == 0 or qty > i64(b["qty_max"]) or qty < i64(b["qty_min"]):
        return False
    if i64(b["lot"]) != 1 and u64(qty) % u64(b["lot"]) != 0:
        return False
    price = i64(c["order.price"])
    segment = i64(b["segment"])
    if segment in (FIXED, PAIRED):
        return False
    if ord_type == LIMIT:
        if number == 0:
            return False
    elif price != NONE:
        return False
    return i64(c["order.extra"]) == 0 and not is_full(st)


@hot
def new(st: Any, c: Any, out: Any, n: Any) -> Any:
    """NEW."""
    g = st.core[0]
    line = i64(c["order.line"])
    row = st.lines[line]
    number = i64(c["order.order_no"])
    expected = i64(g["order_no"]) + 1
    last_id = row["last_id"]
    cl_ord_id = c["order.cl_ord_id"]
    book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
    b = st.books[book]
    rights = i64(row["rights"])
    if number == expected and expected < DAY_MAX:
        g["order_no"] = expected
    good = number == expected and cl_ord_id > last_id and rights & RIGHT_ORDERS != 0
    if cl_ord_id > last_id and i64(row["member"]) != 0 and header_clean(c):
        row["last_id"] = cl_ord_id
    price = i64(c["order.price"])
    at = good_number(st, book, price)
    if not (good and new_good(st, c, b, at, rights)):
        refusal = new_refusal(st, c, book, last_id, expected)
        if refusal[0] != 0:
            return reject(st, c, out, n, refusal, cl_ord_id, number, line)
        at = good_number(st, book, price)
    slot = take_row(st)
    o = st.orders[slot]
    w = st.owners[slot]
    g["priority"] += 1
    o["left"] = c["order.qty"]
    o["cum"] = 0
    o["order_no"] = number
    o["priority"] = g["priority"]
    o["place"] = 2 * book + i64(c["order.side"]) - 1
    w["account"] = c["order.account"]
    w["pair"] = c["order.extra"]
    w["line"] = line
    w["attributes"] = c["attributes"]
    w["quote"] = 0
    st.slots[number] = slot
    g["position"] += 1
    out[n] = c
    out[n]["position"] = g["position"]
    out[n]["kind"] = ACCEPTED
    out[n]["order.extra"] = g["priority"]
    mode = i64(b["mode"])
    if mode == COLLECT and i64(b["had_first"]) == 0:
        b["entered"] += i64(c["order.qty"])
    return place_in(st, slot, book, mode, price, at, i64(c["order.tif"]), c["time"], out, n + 1)


@hot
def body_clean(c: Any) -> Any:
    """Whether the bytes that REDUCE, REPRICE and CANCEL do not use are zero."""
    rest = (
        i64(c["order.side"])
        | i64(c["order.ord_type"])
        | i64(c["order.tif"])
        | i64(c["order.open_close"])
        | i64(c["order.leg"])
        | i64(c["order.extra"])
    )
    if i64(c["kind"]) == CANCEL:
        rest |= i64(c["order.price"]) | i64(c["order.qty"])
    return rest == 0 and header_clean(c)


@kernel
def amend_refusal(st: Any, c: Any, verb: Any, last_id: Any) -> Any:
    """The refusal of REDUCE, REPRICE or CANCEL; `verb` its bit in the allow masks."""
    if not body_clean(c):
        return (C_UNUSED_BYTES, i64(0), NONE)
    line = i64(c["order.line"])
    if line != 0 or verb != ALLOW_CANCEL:
        found = line_refusal(st, line, RIGHT_ORDERS, c["order.cl_ord_id"], last_id)
        if found[0] != 0:
            return found
    kind = i64(c["kind"])
    if kind == REDUCE and i64(c["order.price"]) != NONE:
        return (C_PRICE_AND_QTY, i64(c["order.price"]), NONE)
    if kind == REPRICE and i64(c["order.qty"]) != 0:
        return (C_PRICE_AND_QTY, i64(c["order.qty"]), NONE)
    number = i64(c["order.order_no"])
    if number == 0 or number > i64(st.core[0]["order_no"]):
        return (C_ORDER_UNKNOWN, number, NONE)
    slot = i64(st.slots[number])
    if slot == 0:
        return (C_ORDER_NOT_LIVE, number, NONE)
    member = i64(st.lines[i64(st.owners[slot]["line"])]["member"])
    if line != 0 and member != i64(st.lines[line]["member"]):
        return (C_NOT_OWNER, number, NONE)
    place = i64(st.orders[slot]["place"])
    b = st.books[place >> 1]
    if i64(b["instrument"]) != i64(c["instrument"]) or i64(b["segment"]) != i64(c["attributes"]) & 15:
        return (C_WRONG_BOOK, number, i64(b["instrument"]))
    if i64(b["allow"]) & verb == 0:
        if i64(b["halted"]) != 0:
            return (C_SUSPENDED, i64(b["phase"]), NONE)
        return (C_NOT_IN_PHASE, i64(b["phase"]), NONE)
    if i64(b["own_allow"]) & verb == 0:
        return (C_REPRICE_NOT_ALLOWED if verb == ALLOW_REPRICE else C_TYPE_NOT_ALLOWED, i64(0), NONE)
    if verb == ALLOW_REPRICE:
        return reprice_refusal(st, c, slot)
    if verb == ALLOW_REDUCE:
        return reduce_refusal(st, c, slot)
    return (0, i64(0), i64(0))


@kernel
def reduce_refusal(st: Any, c: Any, slot: Any) -> Any:
    """Quantity of a REDUCE: what to take off (Art.58 para 6)."""
    place = i64(st.orders[slot]["place"])
    b = st.books[place >> 1]
    qty = i64(c["order.qty"])
    if qty == 0:
        return (C_QTY_ZERO, i64(0), NONE)
    odd = place & 1 == SELL and i64(b["rules"]) & RULE_SELL_ODD != 0
    if qty < i64(st.orders[slot]["left"]) and qty % i64(b["lot"]) != 0 and not odd:
        return (C_QTY_LOT, qty, i64(b["lot"]))
    return (0, i64(0), i64(0))


@kernel
def reprice_refusal(st: Any, c: Any, slot: Any) -> Any:
    """Price of a REPRICE: limit orders only, limit to limit (Art.58 para 6)."""
    if price_of_order(st, slot) == NONE:
        return (C_REPRICE_NOT_ALLOWED, i64(c["order.order_no"]), NONE)
    found = price_refusal(st, i64(st.orders[slot]["place"]) >> 1, True, i64(c["order.price"]))
    if found[0] == 0 and is_full(st):
        return (C_FULL, i64(0), LIVE_MAX)
    return found


@hot
def use_id(st: Any, c: Any) -> Any:
    """The line's last id before this command; the command's own becomes the last where section 5.2 says so."""
    row = st.lines[i64(c["order.line"])]
    last_id = row["last_id"]
    if c["order.cl_ord_id"] > last_id and i64(row["member"]) != 0:
        row["last_id"] = c["order.cl_ord_id"]
    return last_id


@hot
def note_change(b: Any, qty: Any) -> None:
    """Count a cancelled or changed quantity while the minute before a call is watched (58-3 para 8)."""
    if i64(b["checking"]) != 0:
        b["changed"] += qty


@hot
def cancel(st: Any, c: Any, out: Any, n: Any) -> Any:
    """CANCEL."""
    clean = body_clean(c)
    last_id = use_id(st, c) if clean else u64(0)
    line = i64(c["order.line"])
    row = st.lines[line]
    number = i64(c["order.order_no"])
    slot = i64(st.slots[number]) if number <= i64(st.core[0]["order_no"]) else i64(0)
    o = st.orders[slot]
    book = i64(o["place"]) >> 1
    b = st.books[book]
    good = (
        clean
        and slot != 0
        and c["order.cl_ord_id"] > last_id
        and i64(row["rights"]) & RIGHT_ORDERS != 0
        and i64(row["member"]) == i64(st.lines[i64(st.owners[slot]["line"])]["member"])
        and i64(b["instrument"]) == i64(c["instrument"])
        and i64(b["segment"]) == i64(c["attributes"]) & 15
        and i64(b["allow"]) & i64(b["own_allow"]) & ALLOW_CANCEL != 0
    )
    if not good:
        refusal = amend_refusal(st, c, ALLOW_CANCEL, last_id)
        if refusal[0] != 0:
            return reject(st, c, out, n, refusal, c["order.cl_ord_id"], number, line)
    if line != 0:
        note_change(b, i64(o["left"]))
    n = cancelled(st, out, n, c["time"], BY_MEMBER if line != 0 else BY_EXCHANGE, c["order.cl_ord_id"], slot)
    unlink(st, slot)
    free_row(st, slot)
    return n


@kernel
def reduce(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REDUCE: keeps place and priority."""
    last_id = use_id(st, c) if body_clean(c) else u64(0)
    number = i64(c["order.order_no"])
    refusal = amend_refusal(st, c, ALLOW_REDUCE, last_id)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["order.cl_ord_id"], number, i64(c["order.line"]))
    slot = i64(st.slots[number])
    o = st.orders[slot]
    asked = i64(c["order.qty"])
    left = i64(o["left"])
    qty = min(asked, left)
    note_change(st.books[i64(o["place"]) >> 1], qty)
    price = price_of_order(st, slot)
    cut = 1 if qty < asked else 0
    n = changed(st, out, n, c["time"], REDUCED, cut, c["order.cl_ord_id"], slot, price, qty, left - qty)
    if qty == left:
        unlink(st, slot)
        free_row(st, slot)
    else:
        reweigh(st, slot, left - qty)
    return n


@kernel
def reprice(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REPRICE: a new price is a new place and a new priority."""
    last_id = use_id(st, c) if body_clean(c) else u64(0)
    number = i64(c["order.order_no"])
    refusal = amend_refusal(st, c, ALLOW_REPRICE, last_id)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["order.cl_ord_id"], number, i64(c["order.line"]))
    slot = i64(st.slots[number])
    o = st.orders[slot]
    book = i64(o["place"]) >> 1
    b = st.books[book]
    price = i64(c["order.price"])
    note_change(b, i64(o["left"]))
    unlink(st, slot)
    g = st.core[0]
    g["priority"] += 1
    o["priority"] = g["priority"]
    n = changed(st, out, n, c["time"], REPRICED, 0, c["order.cl_ord_id"], slot, price, 0, i64(o["left"]))
    return place_in(st, slot, book, i64(b["mode"]), price, good_number(st, book, price), ROD, c["time"], out, n)
