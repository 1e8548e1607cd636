"""What members and the exchange ask beside single orders: quotes, quote requests, mass cancel, trades without an
order, voids.

docs/format.md, section 6.8. A quote is two limit orders entered together that replace the line's quote before it.
"""

from typing import Any

from evermarket.core.checks import (
    header_clean,
    is_full,
    line_refusal,
    price_refusal,
    qty_refusal,
    spare_clean,
    type_refusal,
)
from evermarket.core.emit import cancelled, echo, head, reject
from evermarket.core.jit import kernel
from evermarket.core.ladder import best_level, next_level
from evermarket.core.orders import good_number, note_change, place_in, use_id
from evermarket.core.phases import books_of
from evermarket.core.queue import free_row, take_row, unlink
from evermarket.core.state import LIVE_MAX, QUOTE_MAX, VOID_MAX
from evermarket.core.words import (
    ACCEPTED,
    ALLOW_CANCEL,
    ALLOW_QUOTE,
    ALLOW_REQUEST,
    BY_MASS,
    BY_QUOTE,
    C_FULL,
    C_NOT_OWNER,
    C_OPEN_CLOSE,
    C_ORDER_NO,
    C_PRICE_ABSENT,
    C_PRICE_PRESENT,
    C_PRICE_RANGE,
    C_QTY_MAX,
    C_QTY_ZERO,
    C_QUOTE_CROSSED,
    C_QUOTE_TIF,
    C_SIDE,
    C_TIF,
    C_TRADE_UNKNOWN,
    C_TRADE_VOID,
    C_UNKNOWN_INSTRUMENT,
    C_UNKNOWN_LINE,
    C_UNUSED_BYTES,
    COLLECT,
    FIXED,
    LIMIT,
    MASS_CANCELLED,
    NONE,
    OFF_BOOK_TRADED,
    QUOTE_REQUESTED,
    QUOTED,
    RIGHT_OFF_BOOK,
    RIGHT_ORDERS,
    RIGHT_PROVIDER,
    ROD,
    TOP_PRICE,
    TOP_QTY,
    TRADE_VOIDED,
    i64,
    u64,
)


@kernel
def quote_row(st: Any, line: Any, book: Any) -> Any:
    """Row of a line's quote in a book; an empty row to take if it has none."""
    row = (line * 40503 + book * 7919) % QUOTE_MAX
    while True:
        q = st.quotes[row]
        if i64(q["line"]) == 0 or (i64(q["line"]) == line and i64(q["book"]) == book):
            return row
        row = (row + 1) % QUOTE_MAX


@kernel
def side_refusal(st: Any, book: Any, side: Any, qty: Any, price: Any) -> Any:
    """Quantity and price of one side of a quote; an absent side has neither."""
    b = st.books[book]
    if qty == 0:
        if price != NONE:
            return (C_PRICE_PRESENT, price, NONE)
        return (0, i64(0), i64(0))
    found = qty_refusal(b, side, qty, price)
    if found[0] != 0:
        return found
    return price_refusal(st, book, i64(b["segment"]) != FIXED, price)


@kernel
def quote_refusal(st: Any, c: Any, book: Any, last_id: Any, expected_no: Any) -> Any:
    """The refusal of a QUOTE."""
    if not header_clean(c):
        return (C_UNUSED_BYTES, i64(0), NONE)
    found = line_refusal(st, i64(c["quote.line"]), RIGHT_PROVIDER, c["quote.cl_ord_id"], last_id)
    if found[0] != 0:
        return found
    if i64(c["quote.order_no"]) != expected_no:
        return (C_ORDER_NO, i64(c["quote.order_no"]), expected_no)
    if book == 0:
        return (C_UNKNOWN_INSTRUMENT, i64(c["instrument"]), i64(c["attributes"]) & 15)
    tif = i64(c["quote.tif"])
    if tif < 1 or tif > 3:
        return (C_TIF, tif, NONE)
    if i64(c["quote.open_close"]) > 5:
        return (C_OPEN_CLOSE, i64(c["quote.open_close"]), NONE)
    found = type_refusal(st.books[book], ALLOW_QUOTE, i64(0), i64(NONE))
    if found[0] != 0:
        return found
    if tif != ROD:
        return (C_QUOTE_TIF, tif, NONE)
    bid = side_refusal(st, book, 0, i64(c["quote.bid_qty"]), i64(c["quote.bid_price"]))
    ask = side_refusal(st, book, 1, i64(c["quote.ask_qty"]), i64(c["quote.ask_price"]))
    if bid[0] != 0 and (ask[0] == 0 or bid[0] <= ask[0]):
        return bid
    if ask[0] != 0:
        return ask
    both = i64(c["quote.bid_qty"]) > 0 and i64(c["quote.ask_qty"]) > 0
    if both and i64(c["quote.bid_price"]) >= i64(c["quote.ask_price"]):
        return (C_QUOTE_CROSSED, i64(c["quote.bid_price"]), i64(c["quote.ask_price"]))
    if is_full(st) or i64(st.core[0]["quotes"]) >= QUOTE_MAX // 2:
        return (C_FULL, i64(0), LIVE_MAX)
    return (0, i64(0), i64(0))


@kernel
def end_quote_side(st: Any, c: Any, number: Any, out: Any, n: Any) -> Any:
    """Cancel what is live of one side of a replaced quote."""
    slot = i64(st.slots[number])
    if number == 0 or slot == 0:
        return n
    n = cancelled(st, out, n, c["time"], BY_QUOTE, c["quote.cl_ord_id"], slot)
    unlink(st, slot)
    free_row(st, slot)
    return n


@kernel
def enter_side(st: Any, c: Any, book: Any, side: Any, number: Any, qty: Any, price: Any, out: Any, n: Any) -> Any:
    """One side of a quote as a limit order of the line's account."""
    g = st.core[0]
    b = st.books[book]
    line = i64(c["quote.line"])
    account = i64(st.lines[line]["account"])
    slot = take_row(st)
    g["priority"] += 1
    o = st.orders[slot]
    o["left"] = qty
    o["cum"] = 0
    o["order_no"] = number
    o["priority"] = g["priority"]
    o["place"] = 2 * book + side
    w = st.owners[slot]
    w["account"] = account
    w["pair"] = 0
    w["line"] = line
    w["attributes"] = c["attributes"]
    w["quote"] = 1
    st.slots[number] = slot
    head(st, out, n, c["time"], ACCEPTED, c["instrument"], 0, c["attributes"])
    e = out[n]
    e["flags"] = c["flags"]
    e["order.cl_ord_id"] = c["quote.cl_ord_id"]
    e["order.price"] = price
    e["order.qty"] = qty
    e["order.account"] = account
    e["order.order_no"] = number
    e["order.line"] = line
    e["order.side"] = side + 1
    e["order.ord_type"] = LIMIT
    e["order.tif"] = ROD
    e["order.open_close"] = c["quote.open_close"]
    e["order.leg"] = 0
    e["order.extra"] = g["priority"]
    mode = i64(b["mode"])
    if mode == COLLECT and i64(b["had_first"]) == 0:
        b["entered"] += qty
    return place_in(st, slot, book, mode, price, good_number(st, book, price), ROD, c["time"], out, n + 1)


@kernel
def quote(st: Any, c: Any, out: Any, n: Any) -> Any:
    """QUOTE (報價)."""
    g = st.core[0]
    last_id = use_id(st, c) if header_clean(c) else u64(0)
    number = i64(c["quote.order_no"])
    expected = i64(g["order_no"]) + 1
    if number == expected:
        g["order_no"] = expected + 1
    line = i64(c["quote.line"])
    book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
    refusal = quote_refusal(st, c, book, last_id, expected)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["quote.cl_ord_id"], number, line)
    n = echo(st, c, out, n, QUOTED)
    q = st.quotes[quote_row(st, line, book)]
    if i64(q["line"]) == 0:
        g["quotes"] += 1
    n = end_quote_side(st, c, i64(q["bid_no"]), out, n)
    n = end_quote_side(st, c, i64(q["ask_no"]), out, n)
    q["line"] = line
    q["book"] = book
    q["bid_no"] = number if i64(c["quote.bid_qty"]) > 0 else 0
    q["ask_no"] = number + 1 if i64(c["quote.ask_qty"]) > 0 else 0
    if i64(c["quote.bid_qty"]) > 0:
        n = enter_side(st, c, book, 0, number, i64(c["quote.bid_qty"]), i64(c["quote.bid_price"]), out, n)
    if i64(c["quote.ask_qty"]) > 0:
        n = enter_side(st, c, book, 1, number + 1, i64(c["quote.ask_qty"]), i64(c["quote.ask_price"]), out, n)
    return n


@kernel
def request_refusal(st: Any, c: Any, book: Any, last_id: Any) -> Any:
    """The refusal of a QUOTE_REQUEST."""
    line = i64(c["order.line"])
    found = line_refusal(st, line, RIGHT_ORDERS, c["order.cl_ord_id"], last_id)
    if found[0] != 0:
        return found
    if book == 0:
        return (C_UNKNOWN_INSTRUMENT, i64(c["instrument"]), i64(c["attributes"]) & 15)
    if i64(c["order.side"]) > 2:
        return (C_SIDE, i64(c["order.side"]), NONE)
    return type_refusal(st.books[book], ALLOW_REQUEST, i64(0), i64(NONE))


@kernel
def quote_request(st: Any, c: Any, out: Any, n: Any) -> Any:
    """QUOTE_REQUEST (報價要求)."""
    rest = (
        i64(c["order.price"])
        | i64(c["order.ord_type"])
        | i64(c["order.tif"])
        | i64(c["order.open_close"])
        | i64(c["order.leg"])
        | i64(c["order.extra"])
        | i64(c["order.order_no"])
    )
    line = i64(c["order.line"])
    if rest != 0 or not header_clean(c):
        refusal = (i64(C_UNUSED_BYTES), i64(0), i64(NONE))
        return reject(st, c, out, n, refusal, c["order.cl_ord_id"], i64(c["order.order_no"]), line)
    last_id = use_id(st, c)
    book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
    refusal = request_refusal(st, c, book, last_id)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["order.cl_ord_id"], 0, line)
    return echo(st, c, out, n, QUOTE_REQUESTED)


@kernel
def mass_refusal(st: Any, c: Any, last_id: Any) -> Any:
    """The refusal of a MASS_CANCEL."""
    if not header_clean(c) or not spare_clean(c):
        return (C_UNUSED_BYTES, i64(0), NONE)
    line = i64(c["mass.line"])
    if line != 0:
        found = line_refusal(st, line, RIGHT_ORDERS, c["mass.cl_ord_id"], last_id)
        if found[0] != 0:
            return found
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    if instrument != 0 and books_of(st, instrument, segment) == 0:
        return (C_UNKNOWN_INSTRUMENT, instrument, segment)
    if i64(c["mass.side"]) > 2:
        return (C_SIDE, i64(c["mass.side"]), NONE)
    member = i64(c["mass.of_member"])
    if line != 0 and member != 0 and member != i64(st.lines[line]["member"]):
        return (C_NOT_OWNER, member, NONE)
    return (0, i64(0), i64(0))


@kernel
def cancel_side(st: Any, c: Any, side: Any, member: Any, out: Any, n: Any) -> Any:
    """Cancel the orders of one side row that match the filters of a MASS_CANCEL."""
    height = i64(st.books[side >> 1]["height"])
    level = best_level(st, side)
    while level != 0:
        slot = i64(st.levels[level]["head"])
        while slot != 0:
            after = i64(st.orders[slot]["next"])
            w = st.owners[slot]
            if (
                (member == 0 or i64(st.lines[i64(w["line"])]["member"]) == member)
                and (i64(c["mass.account"]) == 0 or i64(w["account"]) == i64(c["mass.account"]))
                and (i64(c["mass.of_line"]) == 0 or i64(w["line"]) == i64(c["mass.of_line"]))
                and (i64(c["mass.quotes_only"]) == 0 or i64(w["quote"]) != 0)
            ):
                if i64(c["mass.line"]) != 0:
                    note_change(st.books[side >> 1], i64(st.orders[slot]["left"]))
                n = cancelled(st, out, n, c["time"], BY_MASS, c["mass.cl_ord_id"], slot)
                unlink(st, slot)
                free_row(st, slot)
            slot = after
        level = next_level(st, level, height)
    return n


@kernel
def mass_cancel(st: Any, c: Any, out: Any, n: Any) -> Any:
    """MASS_CANCEL."""
    line = i64(c["mass.line"])
    last_id = use_id(st, c) if header_clean(c) and spare_clean(c) and line != 0 else u64(0)
    refusal = mass_refusal(st, c, last_id)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["mass.cl_ord_id"], 0, line)
    member = i64(c["mass.of_member"])
    if member == 0 and line != 0:
        member = i64(st.lines[line]["member"])
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    start = n
    for book in range(1, i64(st.core[0]["books"]) + 1):
        b = st.books[book]
        if instrument != 0 and i64(b["instrument"]) != instrument:
            continue
        if (segment != 0 and i64(b["segment"]) != segment) or i64(b["allow"]) & ALLOW_CANCEL == 0:
            continue
        for side in range(2):
            if i64(c["mass.side"]) == 0 or i64(c["mass.side"]) == side + 1:
                n = cancel_side(st, c, 2 * book + side, member, out, n)
    count = n - start
    n = echo(st, c, out, n, MASS_CANCELLED)
    out[n - 1]["mass.count"] = count
    return n


@kernel
def off_book_refusal(st: Any, c: Any, last_id: Any) -> Any:
    """The refusal of an OFF_BOOK_TRADE."""
    if not header_clean(c) or not spare_clean(c):
        return (C_UNUSED_BYTES, i64(0), NONE)
    line = i64(c["off_book.line"])
    for named in (line, i64(c["off_book.buy_line"]), i64(c["off_book.sell_line"])):
        if named != 0 and i64(st.lines[named]["member"]) == 0:
            return (C_UNKNOWN_LINE, named, NONE)
    if line != 0:
        found = line_refusal(st, line, RIGHT_OFF_BOOK, c["off_book.cl_ord_id"], last_id)
        if found[0] != 0:
            return found
    if i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)]) == 0:
        return (C_UNKNOWN_INSTRUMENT, i64(c["instrument"]), i64(c["attributes"]) & 15)
    qty = i64(c["off_book.qty"])
    if qty == 0:
        return (C_QTY_ZERO, i64(0), NONE)
    if qty > TOP_QTY:
        return (C_QTY_MAX, qty, TOP_QTY)
    price = i64(c["off_book.price"])
    if price == NONE:
        return (C_PRICE_ABSENT, price, NONE)
    if price < 1 or price > TOP_PRICE:
        return (C_PRICE_RANGE, price, TOP_PRICE)
    return (0, i64(0), i64(0))


@kernel
def off_book_trade(st: Any, c: Any, out: Any, n: Any) -> Any:
    """OFF_BOOK_TRADE: a trade without an order (requirement V14)."""
    line = i64(c["off_book.line"])
    last_id = use_id(st, c) if header_clean(c) and spare_clean(c) and line != 0 else u64(0)
    refusal = off_book_refusal(st, c, last_id)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["off_book.cl_ord_id"], 0, line)
    g = st.core[0]
    g["trade_no"] += 1
    n = echo(st, c, out, n, OFF_BOOK_TRADED)
    out[n - 1]["off_book.trade_no"] = g["trade_no"]
    return n


@kernel
def void_refusal(st: Any, c: Any, last_id: Any) -> Any:
    """The refusal of a VOID_TRADE."""
    if not header_clean(c) or not spare_clean(c):
        return (C_UNUSED_BYTES, i64(0), NONE)
    line = i64(c["void.line"])
    if line != 0:
        found = line_refusal(st, line, RIGHT_OFF_BOOK, c["void.cl_ord_id"], last_id)
        if found[0] != 0:
            return found
    number = i64(c["void.trade_no"])
    g = st.core[0]
    if number == 0 or number > i64(g["trade_no"]):
        return (C_TRADE_UNKNOWN, number, NONE)
    for k in range(i64(g["voids"])):
        if i64(st.voids[k]) == number:
            return (C_TRADE_VOID, number, NONE)
    if i64(g["voids"]) >= VOID_MAX:
        return (C_FULL, i64(0), VOID_MAX)
    return (0, i64(0), i64(0))


@kernel
def void_trade(st: Any, c: Any, out: Any, n: Any) -> Any:
    """VOID_TRADE: prices and volumes of the core stay, clearing takes the trade back."""
    line = i64(c["void.line"])
    last_id = use_id(st, c) if header_clean(c) and spare_clean(c) and line != 0 else u64(0)
    refusal = void_refusal(st, c, last_id)
    if refusal[0] != 0:
        return reject(st, c, out, n, refusal, c["void.cl_ord_id"], 0, line)
    g = st.core[0]
    st.voids[i64(g["voids"])] = c["void.trade_no"]
    g["voids"] += 1
    return echo(st, c, out, n, TRADE_VOIDED)
