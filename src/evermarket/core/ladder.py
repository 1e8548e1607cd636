"""Price levels of one side of a book: a tree of fan-out 64 over price keys, with occupancy bits at every node.

A key says how good a price is: 0 the market orders, then the best possible limit price and upwards, so that "best" is
the lowest key on both sides and no code is written twice. For sales key = number - ask_base, for buys bid_top -
number, where a price's number counts the valid prices of its tick table (docs/format.md, section 5.4). Inside the
day's limits a side needs two or three nodes from root to level; without limits the tree covers all 2^30 prices and
grows only where orders stand, so there is no window that a price could leave.

Layout: a page holds 64 neighbouring levels and their bits; nodes above hold 64 children each; `child` of a lowest
node are pages. Invariants: a bit is set exactly where something stands below it; best_key and best_page of a side are
those of its best level, NO_KEY and 0 when it is empty. Known gap: pages are not given back before the end of the day.
"""

from typing import Any

from evermarket.core.jit import hot, kernel
from evermarket.core.machine import highest_bit, lowest_bit
from evermarket.core.words import BANDS, NO_KEY, i64, u32, u64


@kernel
def band_of(st: Any, table: Any, price: Any) -> Any:
    """Row of the band of `table` in which `price` > 0 lies."""
    first = table * BANDS
    row = first + i64(st.tables[table]["bands"]) - 1
    while row > first and i64(st.bands[row]["from_price"]) > price:
        row -= 1
    return row


@kernel
def use_band(st: Any, book: Any, price: Any) -> None:
    """Remember in the book's row the band in which `price` lies: most orders of a day share one."""
    b = st.books[book]
    row = band_of(st, i64(b["table"]), price)
    band = st.bands[row]
    b["band_from"] = band["from_price"]
    b["band_tick"] = band["tick"]
    b["band_number"] = band["number"]
    last = row + 1 >= i64(b["table"]) * BANDS + i64(st.tables[i64(b["table"])]["bands"])
    b["band_to"] = i64(2**62) if last else i64(st.bands[row + 1]["from_price"])


@kernel
def number_of(st: Any, table: Any, price: Any) -> Any:
    """How many valid prices of `table` are in (0, price]."""
    band = st.bands[band_of(st, table, price)]
    return i64(band["number"]) + (price - i64(band["from_price"])) // i64(band["tick"])


@kernel
def price_of(st: Any, table: Any, number: Any) -> Any:
    """The `number`-th valid price of `table`."""
    first = table * BANDS
    row = first + i64(st.tables[table]["bands"]) - 1
    while row > first and i64(st.bands[row]["number"]) >= number:
        row -= 1
    band = st.bands[row]
    return i64(band["from_price"]) + (number - i64(band["number"])) * i64(band["tick"])


@kernel
def new_page(st: Any, base: Any, parent: Any) -> Any:
    """A page of empty levels for the keys 64 x base onwards."""
    g = st.core[0]
    g["top_page"] += 1
    page = i64(g["top_page"])
    st.pages[page]["base"] = base
    st.pages[page]["parent"] = parent
    return page


@kernel
def new_node(st: Any, parent: Any, place: Any) -> Any:
    """An empty node that is child number `place` of `parent`."""
    g = st.core[0]
    g["top_node"] += 1
    node = i64(g["top_node"])
    st.nodes[node]["parent"] = parent
    st.nodes[node]["place"] = place
    return node


@kernel
def find_page(st: Any, side: Any, height: Any, key: Any) -> Any:
    """The page of `key` on row `side`, made with the nodes above it where it does not exist yet."""
    s = st.sides[side]
    base = key >> 6
    if height == 0:
        if i64(s["root"]) == 0:
            s["root"] = new_page(st, base, 0)
        return i64(s["root"])
    if i64(s["root"]) == 0:
        s["root"] = new_node(st, 0, 0)
    node = i64(s["root"])
    for depth in range(height, 1, -1):
        place = (key >> (6 * depth)) & 63
        below = i64(st.child[node * 64 + place])
        if below == 0:
            below = new_node(st, node, place)
            st.child[node * 64 + place] = below
        node = below
    place = base & 63
    page = i64(st.child[node * 64 + place])
    if page == 0:
        page = new_page(st, base, node)
        st.child[node * 64 + place] = page
    return page


@kernel
def mark_page(st: Any, page: Any) -> None:
    """Tell the nodes above that a page is no longer empty."""
    node = i64(st.pages[page]["parent"])
    place = i64(st.pages[page]["base"]) & 63
    while node != 0:
        n = st.nodes[node]
        bits = n["bits"]
        n["bits"] = bits | (u64(1) << u64(place))
        if bits != 0:
            return
        place = i64(n["place"])
        node = i64(n["parent"])


@kernel
def unmark_page(st: Any, page: Any) -> None:
    """Tell the nodes above that a page has become empty."""
    node = i64(st.pages[page]["parent"])
    place = i64(st.pages[page]["base"]) & 63
    while node != 0:
        n = st.nodes[node]
        n["bits"] &= ~(u64(1) << u64(place))
        if n["bits"] != 0:
            return
        place = i64(n["place"])
        node = i64(n["parent"])


@kernel
def end_page(st: Any, side: Any, height: Any, worst: Any) -> Any:
    """The page with the best level of a side (the worst if `worst`), 0 if the side is empty."""
    at = i64(st.sides[side]["root"])
    if at == 0:
        return i64(0)
    for _ in range(height):
        bits = st.nodes[at]["bits"]
        if bits == 0:
            return i64(0)
        place = highest_bit(bits) if worst else lowest_bit(bits)
        at = i64(st.child[at * 64 + place])
    if st.pages[at]["bits"] == 0:
        return i64(0)
    return at


@kernel
def next_page(st: Any, page: Any, height: Any) -> Any:
    """The next page after `page` that holds a level, 0 if there is none."""
    place = i64(st.pages[page]["base"]) & 63
    node = i64(st.pages[page]["parent"])
    up = 0
    while node != 0:
        bits = st.nodes[node]["bits"] & ~((u64(2) << u64(place)) - u64(1)) if place < 63 else u64(0)
        if bits != 0:
            at = i64(st.child[node * 64 + lowest_bit(bits)])
            for _ in range(up):
                at = i64(st.child[at * 64 + lowest_bit(st.nodes[at]["bits"])])
            return at
        place = i64(st.nodes[node]["place"])
        node = i64(st.nodes[node]["parent"])
        up += 1
    return i64(0)


@hot
def next_level(st: Any, level: Any, height: Any) -> Any:
    """The level after `level` (worse by price) that holds orders, 0 if there is none. `level` itself may be empty."""
    page = level >> 6
    place = level & 63
    bits = st.pages[page]["bits"] & ~((u64(2) << u64(place)) - u64(1)) if place < 63 else u64(0)
    if bits != 0:
        return (page << 6) | lowest_bit(bits)
    page = next_page(st, page, height)
    if page == 0:
        return i64(0)
    return (page << 6) | lowest_bit(st.pages[page]["bits"])


@kernel
def find_best(st: Any, side: Any, height: Any) -> None:
    """Set best_key and best_page of a side anew after its best page became empty."""
    s = st.sides[side]
    page = end_page(st, side, height, False)
    s["best_page"] = page
    if page == 0:
        s["best_key"] = u32(NO_KEY)
    else:
        s["best_key"] = i64(st.pages[page]["base"]) * 64 + lowest_bit(st.pages[page]["bits"])


@hot
def level_at(st: Any, side: Any, height: Any, key: Any) -> Any:
    """Row of the level of `key`, found or made."""
    page = i64(st.sides[side]["best_page"])
    if page == 0 or i64(st.pages[page]["base"]) != key >> 6:
        page = find_page(st, side, height, key)
    return (page << 6) | (key & 63)


@hot
def best_level(st: Any, side: Any) -> Any:
    """Row of the best level of a side, 0 if it is empty."""
    s = st.sides[side]
    page = i64(s["best_page"])
    if page == 0:
        return i64(0)
    return (page << 6) | (i64(s["best_key"]) & 63)


@hot
def fill_level(st: Any, side: Any, level: Any, key: Any, price: Any) -> None:
    """An empty level gets its first order: bits, best, price."""
    page = level >> 6
    p = st.pages[page]
    bits = p["bits"]
    p["bits"] = bits | (u64(1) << u64(key & 63))
    if bits == 0:
        mark_page(st, page)
    row = st.levels[level]
    row["price"] = price
    row["key"] = key
    s = st.sides[side]
    if key < i64(s["best_key"]):
        s["best_key"] = key
        s["best_page"] = page


@hot
def empty_level(st: Any, side: Any, level: Any, height: Any) -> None:
    """A level has lost its last order: bits, best."""
    page = level >> 6
    p = st.pages[page]
    p["bits"] &= ~(u64(1) << u64(level & 63))
    bits = p["bits"]
    s = st.sides[side]
    if bits == 0:
        unmark_page(st, page)
        if i64(s["best_page"]) == page:
            find_best(st, side, height)
    elif i64(s["best_page"]) == page:
        s["best_key"] = i64(p["base"]) * 64 + lowest_bit(bits)
