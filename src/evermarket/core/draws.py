"""The draw: orders that came before the open take a random order at one price (TWSE Art.58-2, docs/format.md 6.7).

Random only to members: the rank of an order follows from the journaled seed and its number, in every core alike.
"""

from typing import Any

from evermarket.core.digest import draw_rank
from evermarket.core.emit import clear, head, reject_market
from evermarket.core.jit import kernel
from evermarket.core.ladder import best_level, next_level
from evermarket.core.queue import link, unlink
from evermarket.core.scope import book_after, first_book, in_scope, scope_refusal
from evermarket.core.words import DRAWN, i64, u64


@kernel
def sift(st: Any, root: Any, count: Any) -> None:
    """Let the row at `root` sink until the heap of the first `count` drawn rows is whole."""
    slot = i64(st.drawn[root]["slot"])
    rank = st.drawn[root]["rank"]
    while 2 * root + 1 < count:
        child = 2 * root + 1
        if child + 1 < count and st.drawn[child + 1]["rank"] > st.drawn[child]["rank"]:
            child += 1
        if st.drawn[child]["rank"] <= rank:
            break
        st.drawn[root]["slot"] = st.drawn[child]["slot"]
        st.drawn[root]["rank"] = st.drawn[child]["rank"]
        root = child
    st.drawn[root]["slot"] = slot
    st.drawn[root]["rank"] = rank


@kernel
def sort_drawn(st: Any, count: Any) -> None:
    """Sort the first `count` drawn rows by rank, in place. Ranks differ: the mixer is one to one."""
    for root in range(count // 2 - 1, -1, -1):
        sift(st, root, count)
    for end in range(count - 1, 0, -1):
        slot = i64(st.drawn[end]["slot"])
        rank = st.drawn[end]["rank"]
        st.drawn[end]["slot"] = st.drawn[0]["slot"]
        st.drawn[end]["rank"] = st.drawn[0]["rank"]
        st.drawn[0]["slot"] = slot
        st.drawn[0]["rank"] = rank
        sift(st, 0, end)


@kernel
def draw_book(st: Any, book: Any, seed: Any) -> Any:
    """Give the orders of one book new priorities in the order of their ranks. Returns how many there are."""
    count = i64(st.sides[2 * book]["live"]) + i64(st.sides[2 * book + 1]["live"])
    k = 0
    for side in range(2):
        level = best_level(st, 2 * book + side)
        while level != 0:
            slot = i64(st.levels[level]["head"])
            while slot != 0:
                st.drawn[k]["slot"] = slot
                st.drawn[k]["rank"] = draw_rank(seed, st.orders[slot]["order_no"])
                k += 1
                slot = i64(st.orders[slot]["next"])
            level = next_level(st, level, i64(st.books[book]["height"]))
    for k in range(count):
        unlink(st, i64(st.drawn[k]["slot"]))
    sort_drawn(st, count)
    g = st.core[0]
    for k in range(count):
        slot = i64(st.drawn[k]["slot"])
        row = st.levels[i64(st.orders[slot]["level"])]  # an empty level keeps its price and key
        g["priority"] += 1
        st.orders[slot]["priority"] = g["priority"]
        link(st, slot, i64(row["key"]), i64(row["price"]))
    return count


@kernel
def draw(st: Any, c: Any, out: Any, n: Any) -> Any:
    """DRAW: the random order of pre-open orders at one price (58-2), from a journaled seed."""
    code, value, bound, _ = scope_refusal(st, c)
    if code != 0:
        return reject_market(st, c, out, n, code, value, bound)
    seed = u64(c["draw.seed"])
    group = i64(c["draw.group"])
    told = 0
    book = first_book(st, group)
    while book != 0:
        b = st.books[book]
        count = i64(0)
        if in_scope(b, i64(c["instrument"]), i64(c["attributes"]) & 15, group):
            count = draw_book(st, book, seed)
        if count > 0:
            head(st, out, n, c["time"], DRAWN, b["instrument"], 0, b["segment"])
            clear(out, n)
            out[n]["draw.seed"] = seed
            out[n]["draw.count"] = count
            n += 1
            told += 1
        book = book_after(st, book, group)
    head(st, out, n, c["time"], DRAWN, 0, 0, 0)
    clear(out, n)
    out[n]["draw.seed"] = seed
    out[n]["draw.count"] = told
    return n + 1
