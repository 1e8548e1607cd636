"""Writing records of the feed. Each takes the next sequence of its channel; rows are filled completely.

What both channels tell is written into the channel by level and copied with `both` when its body is filled.
"""

from typing import Any

from evermarket.core.jit import hot, kernel
from evermarket.core.words import NONE, i64
from evermarket.venue.feed.kernels import words as f
from evermarket.venue.feed.kernels.ladder import price_of


@hot
def blank(e: Any, seq: Any, time: Any, kind: Any, instrument: Any, segment: Any) -> None:
    """A header and a body of zeros."""
    e["position"] = seq
    e["time"] = time
    e["kind"] = kind
    e["flags"] = 0
    e["instrument"] = instrument
    e["code"] = 0
    e["attributes"] = segment
    e["body.0"] = 0
    e["body.1"] = 0
    e["body.2"] = 0
    e["body.3"] = 0
    e["body.4"] = 0


@hot
def level_row(st: Any, kind: Any, instrument: Any, segment: Any) -> Any:
    """The next record of the channel by level; its row."""
    g = st.core[0]
    n = i64(g["level_rows"])
    g["level_rows"] = n + 1
    g["level_seq"] += 1
    blank(st.by_level[n], g["level_seq"], g["time"], kind, instrument, segment)
    return n


@hot
def order_row(st: Any, kind: Any, instrument: Any, segment: Any) -> Any:
    """The next record of the channel by order; its row."""
    g = st.core[0]
    n = i64(g["order_rows"])
    g["order_rows"] = n + 1
    g["order_seq"] += 1
    blank(st.by_order[n], g["order_seq"], g["time"], kind, instrument, segment)
    return n


@hot
def both(st: Any, n: Any) -> None:
    """Row `n` of the channel by level, told by the other one too."""
    g = st.core[0]
    m = i64(g["order_rows"])
    g["order_rows"] = m + 1
    g["order_seq"] += 1
    st.by_order[m] = st.by_level[n]
    st.by_order[m]["position"] = g["order_seq"]


@kernel
def tell_order(st: Any, kind: Any, order_no: Any, code: Any, qty: Any, price: Any, trade_no: Any) -> None:
    """What happened to an order that stands in its place, if its segment shows orders."""
    o = st.orders[order_no]
    b = st.books[i64(o["book"])]
    if i64(b["shows_orders"]) == 0:
        return
    n = order_row(st, kind, b["instrument"], b["segment"])
    e = st.by_order[n]
    e["code"] = code
    e["order.price"] = price
    e["order.qty"] = qty
    e["order.leaves"] = o["left"]
    e["order.order_no"] = order_no
    e["order.priority"] = o["priority"]
    e["order.trade_no"] = trade_no
    e["order.side"] = i64(o["side"]) + 1


@kernel
def tell_state(st: Any, book: Any) -> None:
    """Phase and mode of a book, if they changed."""
    b = st.books[book]
    due = i64(b["due"])
    if b["phase"] == b["told_phase"] and b["mode"] == b["told_mode"] and due == i64(b["told_due"]):
        return
    b["told_phase"] = b["phase"]
    b["told_mode"] = b["mode"]
    b["told_due"] = due
    n = level_row(st, f.STATE, b["instrument"], b["segment"])
    e = st.by_level[n]
    e["code"] = b["phase"]
    e["state.due"] = due
    e["state.price"] = b["call_price"]
    e["state.reference"] = b["call_reference"]
    e["state.mode"] = b["mode"]
    both(st, n)


@hot
def tell_level(st: Any, book: Any, side: Any, k: Any, price: Any, qty: Any, count: Any, flags: Any) -> Any:
    """One level of five, if it is not what was told; how many records."""
    t = st.told[f.TOLD * book + f.SHOWN * side + k]
    if i64(t["qty"]) == qty and (qty == 0 or (i64(t["price"]) == price and i64(t["count"]) == count)):
        return 0
    t["price"] = price
    t["qty"] = qty
    t["count"] = count
    b = st.books[book]
    n = level_row(st, f.LEVEL, b["instrument"], b["segment"])
    e = st.by_level[n]
    e["flags"] = flags
    e["level.price"] = price
    e["level.qty"] = qty
    e["level.count"] = count
    e["level.side"] = side + 1
    e["level.level"] = k + 1
    return 1


@kernel
def tell_side(st: Any, book: Any, side: Any, simulated: Any) -> Any:
    """The best levels of a side as they stand, or as the simulated match would leave them; how many records."""
    b = st.books[book]
    s = st.sides[2 * book + side]
    first = i64(s["at"])
    row = first + i64(s["used"]) - 1
    volume = i64(b["sim_volume"]) if simulated else i64(0)
    flags = f.IS_SIMULATED if simulated else 0
    told = 0
    k = 0
    while k < i64(b["shows_levels"]) and row >= first:
        key = i64(st.levels[row]["key"])
        qty = i64(st.levels[row]["qty"])
        taken = min(volume, qty) if key != f.MARKET_KEY else i64(0)
        volume -= taken
        if taken < qty:
            count = i64(0) if simulated else i64(st.levels[row]["count"])
            told += tell_level(st, book, side, k, price_of(side, key), qty - taken, count, flags)
            k += 1
        row -= 1
    while k < i64(b["shows_levels"]):
        told += tell_level(st, book, side, k, i64(NONE), i64(0), i64(0), flags)
        k += 1
    return told


@kernel
def tell_levels(st: Any, book: Any, simulated: Any) -> None:
    """Both sides; the last record of the update says so."""
    told = tell_side(st, book, 0, simulated)
    told += tell_side(st, book, 1, simulated)
    if told > 0:
        e = st.by_level[i64(st.core[0]["level_rows"]) - 1]
        e["flags"] = i64(e["flags"]) | f.IS_LAST
