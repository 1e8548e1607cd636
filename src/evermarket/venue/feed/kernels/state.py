"""The fold's state: a few structured arrays, passed to the kernels together.

Layout
    core     one row of counters
    books    one row a book, numbered from 1 in the order of definition; `book_of` finds it by instrument and segment
    scope    what decides whether a command of a group or an instrument reaches a book, close together; `stale`:
             its levels are to be looked at
    sides    two rows a book (2 x book + side): where its levels lie in `levels`
    levels   the price levels of each side in one piece, worst first, best last: changes near the best move little
    told     what the channel by level has said of each book: five rows a side
    orders   one row an order number of the day; what is not live has `left` 0
    groups   phase label and mode of each group of books
    touched  books whose end-of-command telling is due
    by_order, by_level   records given out, taken away after each call

Row 0 of books and orders stays unused. Tables of books have all the rows there can be: memory comes with use.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from evermarket.records.feed import WIDE
from evermarket.records.kinds import Mode, Phase
from evermarket.records.units import NO_PRICE
from evermarket.venue.feed.kernels.words import TOLD

Array = npt.NDArray[Any]

BOOKS_MAX: Final = 2**19
"""Rows of `books`: more than instruments times segments."""

CORE: Final = np.dtype(
    [
        ("position", "i8"),
        ("time", "i8"),
        ("priority", "i8"),
        ("books", "i8"),
        ("touched", "i8"),
        ("pending", "i8"),
        ("head", "i8"),
        ("levels_used", "i8"),
        ("longest", "i8"),
        ("last_order", "i8"),
        ("live", "i8"),
        ("trades", "i8"),
        ("order_seq", "i8"),
        ("level_seq", "i8"),
        ("order_rows", "i8"),
        ("level_rows", "i8"),
    ]
)

BOOK: Final = np.dtype(
    [
        *((name, "i8") for name in ("last", "open", "high", "low", "close", "volume", "turnover")),
        *((name, "i8") for name in ("reference", "limit_up", "limit_down", "previous_close")),
        *((name, "i8") for name in ("sim_price", "sim_volume", "sim_buy", "sim_sell")),
        *((name, "i8") for name in ("kept_price", "kept_volume", "kept_buy", "kept_sell")),
        *((name, "i8") for name in ("due", "call_price", "call_reference", "told_due", "draw_priority")),
        *((name, "u8") for name in ("draw_seed", "symbol_0", "symbol_1", "symbol_2")),
        *((name, "u4") for name in ("lot", "trades", "last_qty", "last_trade_no", "draw_count")),
        *((name, "u2") for name in ("instrument", "segment", "group", "phase", "told_phase")),
        *((name, "u1") for name in ("product", "mode", "told_mode", "halted", "special", "touched", "look")),
        *((name, "u1") for name in ("shows_orders", "shows_levels", "shows_simulated", "told_simulated", "kept_mode")),
    ],
    align=True,
)
SIDE: Final = np.dtype([("at", "i8"), ("used", "i8"), ("room", "i8")])
LEVEL: Final = np.dtype([("key", "i8"), ("qty", "i8"), ("count", "i8")])
TOLD_LEVEL: Final = np.dtype([("price", "i8"), ("qty", "i8"), ("count", "i8")])
ORDER: Final = np.dtype([("price", "i8"), ("left", "u4"), ("priority", "u4"), ("book", "u4"), ("side", "u4")])
SCOPE: Final = np.dtype([("instrument", "u2"), ("segment", "u2"), ("group", "u2"), ("stale", "u2")])
GROUP: Final = np.dtype([("phase", "u2"), ("mode", "u2")])


class State(NamedTuple):
    """See the module."""

    core: Array
    books: Array
    book_of: Array
    scope: Array
    sides: Array
    levels: Array
    told: Array
    orders: Array
    groups: Array
    touched: Array
    by_order: Array
    by_level: Array


def empty_state() -> State:
    """Before the first record of a day."""
    state = State(
        core=np.zeros(1, CORE),
        books=np.zeros(BOOKS_MAX, BOOK),
        book_of=np.zeros(2**16 * 16, np.int32),
        scope=np.zeros(BOOKS_MAX, SCOPE),
        sides=np.zeros(2 * BOOKS_MAX, SIDE),
        levels=np.zeros(2**14, LEVEL),
        told=np.zeros(TOLD * BOOKS_MAX, TOLD_LEVEL),
        orders=np.zeros(2**16, ORDER),
        groups=np.zeros(2**16, GROUP),
        touched=np.zeros(BOOKS_MAX, np.int32),
        by_order=np.zeros(2**15, WIDE),
        by_level=np.zeros(2**15, WIDE),
    )
    state.groups["phase"], state.groups["mode"] = Phase.CLOSED, Mode.SHUT
    return state


def grown(rows: Array, size: int) -> Array:
    """The same rows and zeros behind them."""
    larger = np.zeros(size, rows.dtype)
    larger[: len(rows)] = rows
    return larger


NULLS: Final = (
    *("last", "open", "high", "low", "close", "reference", "limit_up", "limit_down", "previous_close"),
    *("sim_price", "kept_price", "due", "call_price", "call_reference", "told_due"),
)
"""Prices and times of a book that do not exist at first."""

assert NO_PRICE == -(2**63)
assert all(name in (BOOK.names or ()) for name in NULLS)
