"""Writing events. Each function fills row `n` of `out` completely (the buffer is reused) and returns n + 1.

Events about one order carry the order's attributes, all others the segment alone (docs/format.md, section 4.3).
"""

from typing import Any

from evermarket.core.jit import hot, kernel
from evermarket.core.queue import price_of_order
from evermarket.core.words import CANCELLED, NONE, REFERENCE_SET, REJECTED, TRADED, i64, u64


@hot
def head(st: Any, out: Any, n: Any, time: Any, kind: Any, instrument: Any, code: Any, attributes: Any) -> None:
    """Header of an event, at the next position."""
    g = st.core[0]
    g["position"] += 1
    e = out[n]
    e["position"] = g["position"]
    e["time"] = time
    e["kind"] = kind
    e["flags"] = 0
    e["instrument"] = instrument
    e["code"] = code
    e["attributes"] = attributes


@hot
def clear(out: Any, n: Any) -> None:
    """A body of zeros."""
    e = out[n]
    e["trade.price"] = 0
    e["trade.qty"] = 0
    e["trade.trade_no"] = 0
    e["trade.buy_no"] = 0
    e["trade.sell_no"] = 0
    e["trade.buy_leaves"] = 0
    e["trade.sell_leaves"] = 0
    e["trade.buy_cum"] = 0
    e["trade.sell_cum"] = 0


@hot
def echo(st: Any, c: Any, out: Any, n: Any, kind: Any) -> Any:
    """The command again, as an event of `kind`."""
    g = st.core[0]
    g["position"] += 1
    out[n] = c
    e = out[n]
    e["position"] = g["position"]
    e["kind"] = kind
    return n + 1


@kernel
def reject(st: Any, c: Any, out: Any, n: Any, refusal: Any, cl_ord_id: Any, order_no: Any, line: Any) -> Any:
    """REJECTED with (code, value, bound)."""
    code, value, bound = refusal
    head(st, out, n, c["time"], REJECTED, c["instrument"], code, c["attributes"])
    clear(out, n)
    e = out[n]
    e["reject.cl_ord_id"] = cl_ord_id
    e["reject.value"] = value
    e["reject.bound"] = bound
    e["reject.order_no"] = order_no
    e["reject.line"] = line
    e["reject.command"] = c["kind"]
    return n + 1


@kernel
def reject_market(st: Any, c: Any, out: Any, n: Any, code: Any, value: Any, bound: Any) -> Any:
    """REJECTED for a command that has no line."""
    return reject(st, c, out, n, (i64(code), i64(value), i64(bound)), u64(0), 0, 0)


@kernel
def reference_set(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REFERENCE_SET: a piece of reference data has been taken."""
    head(st, out, n, c["time"], REFERENCE_SET, c["instrument"], c["kind"], c["attributes"])
    clear(out, n)
    return n + 1


@hot
def changed(
    st: Any,
    out: Any,
    n: Any,
    time: Any,
    kind: Any,
    code: Any,
    cl_ord_id: Any,
    slot: Any,
    price: Any,
    qty: Any,
    leaves: Any,
) -> Any:
    """REDUCED, REPRICED or CANCELLED about the order in row `slot`."""
    o = st.orders[slot]
    w = st.owners[slot]
    place = i64(o["place"])
    head(st, out, n, time, kind, st.books[place >> 1]["instrument"], code, w["attributes"])
    e = out[n]
    e["changed.cl_ord_id"] = cl_ord_id
    e["changed.price"] = price
    e["changed.qty"] = qty
    e["changed.leaves"] = leaves
    e["changed.order_no"] = o["order_no"]
    e["changed.line"] = w["line"]
    e["changed.side"] = (place & 1) + 1
    e["order.ord_type"] = 0
    e["changed.cum"] = o["cum"]
    e["changed.priority"] = o["priority"]
    return n + 1


@hot
def cancelled(st: Any, out: Any, n: Any, time: Any, reason: Any, cl_ord_id: Any, slot: Any) -> Any:
    """CANCELLED for a resting order (still linked)."""
    return changed(
        st, out, n, time, CANCELLED, reason, cl_ord_id, slot, price_of_order(st, slot), i64(st.orders[slot]["left"]), 0
    )


@hot
def traded(
    st: Any,
    out: Any,
    n: Any,
    time: Any,
    book: Any,
    code: Any,
    aggressor: Any,
    price: Any,
    qty: Any,
    buy: Any,
    sell: Any,
) -> Any:
    """TRADED between the rows `buy` and `sell`, before either is changed; takes the next trade number."""
    b = st.books[book]
    g = st.core[0]
    g["trade_no"] += 1
    head(st, out, n, time, TRADED, b["instrument"], code, b["segment"])
    x = st.orders[buy]
    y = st.orders[sell]
    e = out[n]
    e["flags"] = aggressor
    e["trade.price"] = price
    e["trade.qty"] = qty
    e["trade.trade_no"] = g["trade_no"]
    e["trade.buy_no"] = x["order_no"]
    e["trade.sell_no"] = y["order_no"]
    e["trade.buy_leaves"] = i64(x["left"]) - qty
    e["trade.sell_leaves"] = i64(y["left"]) - qty
    e["trade.buy_cum"] = i64(x["cum"]) + qty
    e["trade.sell_cum"] = i64(y["cum"]) + qty
    return n + 1


@kernel
def auction_event(
    st: Any, out: Any, n: Any, time: Any, kind: Any, code: Any, book: Any, result: Any, count: Any
) -> Any:
    """INDICATIVE or AUCTIONED with (price, volume, buy_left, sell_left)."""
    price, volume, buy_left, sell_left = result
    b = st.books[book]
    head(st, out, n, time, kind, b["instrument"], code, b["segment"])
    clear(out, n)
    e = out[n]
    e["indicative.price"] = price
    e["indicative.volume"] = volume
    e["indicative.buy_left"] = buy_left
    e["indicative.sell_left"] = sell_left
    e["indicative.count"] = count
    return n + 1


@kernel
def stabilised(
    st: Any,
    out: Any,
    n: Any,
    time: Any,
    kind: Any,
    code: Any,
    book: Any,
    due: Any,
    price: Any,
    reference: Any,
    entry: Any,
    no: Any,
) -> Any:
    """STABILISATION_STARTED or STABILISATION_ENDED."""
    b = st.books[book]
    head(st, out, n, time, kind, b["instrument"], code, b["segment"])
    clear(out, n)
    e = out[n]
    e["stabilised.due"] = due
    e["stabilised.price"] = price
    e["stabilised.reference"] = reference
    e["stabilised.entry"] = entry
    e["stabilised.order_no"] = no
    return n + 1


@kernel
def booked(b: Any, price: Any, qty: Any) -> None:
    """A trade's price and quantity into the day's figures of its book (its digest term is refreshed by the caller)."""
    b["last"] = price
    b["volume"] += qty
    b["turnover"] += price * qty
    b["trades"] += 1
    if i64(b["open"]) == NONE:
        b["open"] = price
        b["high"] = price
        b["low"] = price
    else:
        if price > i64(b["high"]):
            b["high"] = price
        if price < i64(b["low"]):
            b["low"] = price
