"""Price levels of a side: a sorted piece of `levels`, worst first, best last.

The key of a buy is its price, of a sale minus its price, of an order without a price MARKET_KEY: the larger key is
always the better one, so that both sides are one code. A piece that is full moves to the end of the table with twice
the room. Known gap: a new level costs the levels that are better than it, which prices far from the market make many.
"""

from typing import Any

from evermarket.core.jit import hot, kernel
from evermarket.core.words import NONE, i64
from evermarket.venue.feed.kernels.words import MARKET_KEY


@hot
def key_of(side: Any, price: Any) -> Any:
    """Where a price stands on a side (0 buy, 1 sell)."""
    if price == NONE:
        return i64(MARKET_KEY)
    return price if side == 0 else -price


@hot
def price_of(side: Any, key: Any) -> Any:
    """The price of a key, NONE for orders without one."""
    if key == MARKET_KEY:
        return i64(NONE)
    return key if side == 0 else -key


@kernel
def place(st: Any, s: Any, key: Any) -> Any:
    """First row of the side's piece whose key is not smaller."""
    low = i64(s["at"])
    high = low + i64(s["used"])
    while low < high:
        middle = (low + high) >> 1
        if i64(st.levels[middle]["key"]) < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def move_piece(st: Any, s: Any) -> None:
    """Give a full piece twice the room, at the end of the table (the caller saw to it that there is some)."""
    g = st.core[0]
    room = max(i64(8), 2 * i64(s["room"]))
    target = i64(g["levels_used"])
    at = i64(s["at"])
    for k in range(i64(s["used"])):
        st.levels[target + k] = st.levels[at + k]
    s["at"] = target
    s["room"] = room
    g["levels_used"] = target + room
    if room > i64(g["longest"]):
        g["longest"] = room


@kernel
def put(st: Any, book: Any, side: Any, price: Any, qty: Any, count: Any) -> None:
    """Add quantity and orders to a level (negative: take away); a level without orders is gone."""
    s = st.sides[2 * book + side]
    key = key_of(side, price)
    row = place(st, s, key)
    end = i64(s["at"]) + i64(s["used"])
    if row < end and i64(st.levels[row]["key"]) == key:
        level = st.levels[row]
        level["qty"] += qty
        level["count"] += count
        if i64(level["count"]) == 0:
            for k in range(row, end - 1):
                st.levels[k] = st.levels[k + 1]
            s["used"] -= 1
        return
    if i64(s["used"]) == i64(s["room"]):
        row -= i64(s["at"])
        move_piece(st, s)
        row += i64(s["at"])
        end = i64(s["at"]) + i64(s["used"])
    for k in range(end, row, -1):
        st.levels[k] = st.levels[k - 1]
    level = st.levels[row]
    level["key"] = key
    level["qty"] = qty
    level["count"] = count
    s["used"] += 1
