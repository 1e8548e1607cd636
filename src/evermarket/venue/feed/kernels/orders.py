"""What happens to orders and trades: the levels they stand in, and what is told of it.

An order that has just come in (or was re-priced) is *pending* until its command has done with it: what it trades at
once is told of the orders it meets, and only what is left of it takes a place. So the books told never cross, and an
order that never rests is never shown.
"""

from typing import Any

from evermarket.core import words as w
from evermarket.core.jit import hot, kernel
from evermarket.core.words import i64
from evermarket.venue.feed.kernels import words as f
from evermarket.venue.feed.kernels.emit import both, level_row, tell_order
from evermarket.venue.feed.kernels.ladder import put


@hot
def touch(st: Any, book: Any) -> None:
    """The end of this command tells what changed in the book."""
    st.scope[book]["stale"] = 1
    b = st.books[book]
    if i64(b["touched"]) == 0:
        b["touched"] = 1
        g = st.core[0]
        st.touched[i64(g["touched"])] = book
        g["touched"] += 1


@kernel
def settle(st: Any) -> None:
    """The pending order takes its place, with what is left of it."""
    g = st.core[0]
    order_no = i64(g["pending"])
    if order_no == 0:
        return
    g["pending"] = 0
    o = st.orders[order_no]
    left = i64(o["left"])
    if left == 0:
        g["live"] -= 1
        return
    put(st, i64(o["book"]), i64(o["side"]), i64(o["price"]), left, i64(1))
    tell_order(st, f.ORDER_ADDED, order_no, 0, left, o["price"], 0)


@kernel
def take_off(st: Any, order_no: Any, qty: Any) -> None:
    """An order that stands in its place loses quantity."""
    o = st.orders[order_no]
    left = i64(o["left"]) - qty
    gone = i64(1) if left == 0 else i64(0)
    put(st, i64(o["book"]), i64(o["side"]), i64(o["price"]), -qty, -gone)
    o["left"] = left
    st.core[0]["live"] -= gone


@kernel
def accepted(st: Any, c: Any, book: Any) -> None:
    """ACCEPTED."""
    settle(st)
    g = st.core[0]
    order_no = i64(c["order.order_no"])
    o = st.orders[order_no]
    o["price"] = c["order.price"]
    o["left"] = c["order.qty"]
    o["priority"] = c["order.extra"]
    o["book"] = book
    o["side"] = i64(c["order.side"]) - 1
    g["pending"] = order_no
    g["live"] += 1
    g["last_order"] = max(i64(g["last_order"]), order_no)
    g["priority"] = max(i64(g["priority"]), i64(c["order.extra"]))
    touch(st, book)


@kernel
def repriced(st: Any, c: Any, book: Any) -> None:
    """REPRICED: the order leaves its place and comes in again."""
    settle(st)
    g = st.core[0]
    order_no = i64(c["changed.order_no"])
    o = st.orders[order_no]
    left = i64(o["left"])
    put(st, book, i64(o["side"]), i64(o["price"]), -left, i64(-1))
    tell_order(st, f.ORDER_DELETED, order_no, f.BY_REPRICE, left, o["price"], 0)
    o["price"] = c["changed.price"]
    o["priority"] = c["changed.priority"]
    g["priority"] = max(i64(g["priority"]), i64(c["changed.priority"]))
    g["pending"] = order_no
    touch(st, book)


@kernel
def lessened(st: Any, c: Any, book: Any) -> None:
    """REDUCED, CANCELLED."""
    g = st.core[0]
    order_no = i64(c["changed.order_no"])
    o = st.orders[order_no]
    if order_no == i64(g["pending"]):
        o["left"] = c["changed.leaves"]
        return
    qty = i64(o["left"]) - i64(c["changed.leaves"])
    take_off(st, order_no, qty)
    kind = f.ORDER_DELETED if i64(o["left"]) == 0 else f.ORDER_REDUCED
    code = f.BY_CANCEL if kind == f.ORDER_DELETED else 0
    tell_order(st, kind, order_no, code, qty, o["price"], 0)
    touch(st, book)


@kernel
def executed(st: Any, c: Any, order_no: Any, leaves: Any) -> None:
    """One side of a trade."""
    if order_no == i64(st.core[0]["pending"]):
        st.orders[order_no]["left"] = leaves
        return
    take_off(st, order_no, i64(st.orders[order_no]["left"]) - leaves)
    tell_order(st, f.ORDER_EXECUTED, order_no, 0, c["trade.qty"], c["trade.price"], c["trade.trade_no"])


@kernel
def traded(st: Any, c: Any, book: Any) -> None:
    """TRADED: the trade first, then the orders in their places that it took from."""
    b = st.books[book]
    price = i64(c["trade.price"])
    qty = i64(c["trade.qty"])
    if i64(b["open"]) == w.NONE:
        b["open"] = price
        b["high"] = price
        b["low"] = price
    b["high"] = max(i64(b["high"]), price)
    b["low"] = min(i64(b["low"]), price)
    b["last"] = price
    b["last_qty"] = qty
    b["last_trade_no"] = c["trade.trade_no"]
    b["volume"] += qty
    b["turnover"] += price * qty
    b["trades"] += 1
    st.core[0]["trades"] += 1
    n = level_row(st, f.TRADE, b["instrument"], b["segment"])
    e = st.by_level[n]
    e["code"] = c["code"]
    e["flags"] = i64(c["flags"]) & 3
    e["trade.price"] = price
    e["trade.volume"] = b["volume"]
    e["trade.turnover"] = b["turnover"]
    e["trade.qty"] = qty
    e["trade.trade_no"] = c["trade.trade_no"]
    both(st, n)
    executed(st, c, i64(c["trade.buy_no"]), i64(c["trade.buy_leaves"]))
    executed(st, c, i64(c["trade.sell_no"]), i64(c["trade.sell_leaves"]))
    touch(st, book)


@kernel
def reported(st: Any, c: Any, kind: Any) -> None:
    """OFF_BOOK_TRADED, TRADE_VOIDED: price, quantity, number; nobody's name."""
    n = level_row(st, kind, c["instrument"], i64(c["attributes"]) & 15)
    e = st.by_level[n]
    is_void = i64(c["kind"]) == w.TRADE_VOIDED
    e["trade.price"] = c["void.price"] if is_void else c["off_book.price"]
    e["trade.qty"] = c["void.qty"] if is_void else c["off_book.qty"]
    e["trade.trade_no"] = c["void.trade_no"] if is_void else c["off_book.trade_no"]
    both(st, n)
