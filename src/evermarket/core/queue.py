"""Live orders: rows, their queues at a price level, and what the rest of the core asks of them.

Rows are reused through a free list (linked by `next`). A level's queue is in priority order because priorities only
grow and every order joins at the tail; a draw (phases.py) sorts it anew. Units: quantities in the smallest unit.
Invariants: level qty and count are the sums over its queue; slots[order_no] names the row of every live order and no
other.
"""

from typing import Any

from evermarket.core.digest import order_term
from evermarket.core.jit import hot
from evermarket.core.ladder import empty_level, fill_level, level_at
from evermarket.core.words import i64


@hot
def key_of(b: Any, side: Any, number: Any) -> Any:
    """Key on one side of a book of the price with this number; 0 where the order has no price."""
    if number == 0:
        return i64(0)
    return i64(b["bid_top"]) - number if side == 0 else number - i64(b["ask_base"])


@hot
def take_row(st: Any) -> Any:
    """A free row for an order."""
    g = st.core[0]
    slot = i64(g["free_order"])
    if slot != 0:
        g["free_order"] = st.orders[slot]["next"]
    else:
        g["top_order"] += 1
        slot = i64(g["top_order"])
    g["live"] += 1
    return slot


@hot
def free_row(st: Any, slot: Any) -> None:
    """The order in row `slot` is over."""
    g = st.core[0]
    o = st.orders[slot]
    st.slots[i64(o["order_no"])] = 0
    o["next"] = g["free_order"]
    o["left"] = 0
    g["free_order"] = slot
    g["live"] -= 1


@hot
def link(st: Any, slot: Any, key: Any, price: Any) -> None:
    """Put the order in row `slot` (left, place, priority set) at the tail of its level; digest follows."""
    o = st.orders[slot]
    side = i64(o["place"])
    height = i64(st.books[side >> 1]["height"])
    level = level_at(st, side, height, key)
    row = st.levels[level]
    tail = i64(row["tail"])
    o["level"] = level
    o["prev"] = tail
    o["next"] = 0
    if tail == 0:
        row["head"] = slot
        fill_level(st, side, level, key, price)
    else:
        st.orders[tail]["next"] = slot
    row["tail"] = slot
    row["qty"] += i64(o["left"])
    row["count"] += 1
    st.sides[side]["live"] += 1
    st.core[0]["digest"] += order_term(st, slot)


@hot
def unlink(st: Any, slot: Any) -> None:
    """Take a resting order out of its level. Its digest term and quantity must be as they were when it last changed."""
    o = st.orders[slot]
    st.core[0]["digest"] -= order_term(st, slot)
    side = i64(o["place"])
    level = i64(o["level"])
    row = st.levels[level]
    before = i64(o["prev"])
    after = i64(o["next"])
    if before == 0:
        row["head"] = after
    else:
        st.orders[before]["next"] = after
    if after == 0:
        row["tail"] = before
    else:
        st.orders[after]["prev"] = before
    row["qty"] -= i64(o["left"])
    row["count"] -= 1
    st.sides[side]["live"] -= 1
    if i64(row["head"]) == 0:
        empty_level(st, side, level, i64(st.books[side >> 1]["height"]))


@hot
def reweigh(st: Any, slot: Any, left: Any) -> None:
    """A resting order has another quantity left, in the same place; digest follows."""
    g = st.core[0]
    o = st.orders[slot]
    g["digest"] -= order_term(st, slot)
    st.levels[i64(o["level"])]["qty"] += left - i64(o["left"])
    o["left"] = left
    g["digest"] += order_term(st, slot)


@hot
def fill(st: Any, slot: Any, qty: Any) -> None:
    """Take `qty` off a resting order by a trade; it ends when nothing is left."""
    o = st.orders[slot]
    left = i64(o["left"])
    cum = i64(o["cum"]) + qty
    if qty == left:
        unlink(st, slot)
        o["cum"] = cum
        free_row(st, slot)
        return
    o["cum"] = cum
    reweigh(st, slot, left - qty)


@hot
def price_of_order(st: Any, slot: Any) -> Any:
    """The price of a live order, NONE for a market or fixed-price order."""
    return i64(st.levels[i64(st.orders[slot]["level"])]["price"])
