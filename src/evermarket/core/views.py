"""What is seen of a book from outside: its best levels, as they stand and as a match held now would leave them.

Inner kernels have no code that Python could call, so whoever looks from outside comes in here. Nothing is changed.
Rows of `out` are (price, qty, count), best level first; quantities in the smallest unit. Market orders are a level
before all others, with price NONE. Rules: docs/format.md, sections 6.3 and 6.4.
"""

from typing import Any

from evermarket.core.auction import determine
from evermarket.core.jit import entry, kernel
from evermarket.core.ladder import best_level, next_level
from evermarket.core.words import i64


@kernel
def copy_level(st: Any, level: Any, out: Any, n: Any) -> Any:
    """Row `n` of `out` is the level as it stands."""
    row = st.levels[level]
    out[n, 0] = i64(row["price"])
    out[n, 1] = i64(row["qty"])
    out[n, 2] = i64(row["count"])


@entry
def copy_levels(st: Any, book: Any, side: Any, out: Any) -> Any:
    """The best levels of a side; how many."""
    height = i64(st.books[book]["height"])
    level = best_level(st, 2 * book + side)
    n = 0
    while level != 0 and n < len(out):
        copy_level(st, level, out, n)
        level = next_level(st, level, height)
        n += 1
    return n


@kernel
def filled_orders(st: Any, level: Any, volume: Any) -> Any:
    """How many orders of the level, first to last, a volume smaller than the level's quantity fills completely."""
    slot = i64(st.levels[level]["head"])
    count = 0
    while volume >= i64(st.orders[slot]["left"]):
        volume -= i64(st.orders[slot]["left"])
        slot = i64(st.orders[slot]["next"])
        count += 1
    return count


@entry
def copy_unfilled(st: Any, book: Any, side: Any, out: Any) -> Any:
    """The best levels that an auction held now would leave on a side; how many. Market orders take no part in it."""
    _, volume, _, _ = determine(st, book)
    height = i64(st.books[book]["height"])
    level = best_level(st, 2 * book + side)
    n = 0
    while level != 0 and n < len(out):
        qty = i64(st.levels[level]["qty"])
        taken = i64(0) if i64(st.levels[level]["key"]) == 0 else min(volume, qty)
        if taken < qty:
            copy_level(st, level, out, n)
            if taken > 0:
                out[n, 1] -= taken
                out[n, 2] -= filled_orders(st, level, taken)
            n += 1
        volume -= taken
        level = next_level(st, level, height)
    return n
