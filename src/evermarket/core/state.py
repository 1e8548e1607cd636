"""The state of a partition's market: a few structured arrays, passed to the kernels together.

Layout
    core    one row of counters and the digest
    books   one row a book (instrument and segment), numbered from 1 in order of definition; `book_of` finds it
    sides   two rows a book (2 x book + side): best level, root of its ladder, live orders
    pages   64 neighbouring price levels of one side; `nodes` above them make a tree of fan-out 64 (ladder.py)
    levels  64 rows a page: queue of orders at one price
    orders  one row a live order, 32 bytes, what matching needs; `owners` what only reports and rights need
    slots   order number of the day -> row in `orders` (0: not live)
    lines, groups, bands, tables, sets: reference data; window: trades of the last minutes; quotes: who quotes where;
            drawn: room to sort a draw in

Row 0 of every table stays unused, so that 0 means none. Memory: address space is reserved, pages come with use;
nothing is ever moved, so growth costs no pause. Live orders pay 32 + 16 bytes plus their share of a level; each order
number 4 bytes.
"""

import mmap
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from evermarket.records import layout
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.layout import HEADER, LAYOUT
from evermarket.records.units import BODY_BYTES, RECORD_BYTES

Array = npt.NDArray[Any]


BODIES: Final = (
    *("order", "changed", "quote", "mass", "trade", "off_book", "void", "reject", "phase", "timer", "draw", "announce"),
    *("ref_tick", "ref_line", "ref_stabilisation", "ref_instrument", "ref_prices", "indicative", "stabilised"),
    *("closed", "statistics"),
)


def _wide() -> np.dtype[np.void]:
    """All bodies over one another: `rec["order.price"]`, `rec["trade.price"]`; one view of a buffer serves all."""
    spec: dict[str, tuple[np.dtype[Any], int]] = {
        name: (field[0], int(field[1])) for name, field in (HEADER.fields or {}).items()
    }
    for body in BODIES:
        dtype: np.dtype[np.void] = getattr(layout, body.upper())
        for name, field in (dtype.fields or {}).items():
            if name not in (HEADER.names or ()):
                spec[f"{body}.{name}"] = (field[0], int(field[1]))
    spec |= {f"body.{k}": (np.dtype("<u8"), 24 + 8 * k) for k in range(5)}
    return np.dtype(
        {
            "names": list(spec),
            "formats": [dtype for dtype, _ in spec.values()],
            "offsets": [offset for _, offset in spec.values()],
            "itemsize": RECORD_BYTES,
        }
    )


WIDE: Final = _wide()


def _unnamed() -> Array:
    """For each kind of command the body's bytes that no field names, as five masks."""
    masks = np.zeros((FIRST_EVENT, 5), np.uint64)
    for kind, dtype in LAYOUT.items():
        if kind < FIRST_EVENT:
            spare = np.full(RECORD_BYTES, 0xFF, np.uint8)
            for field in (dtype.fields or {}).values():
                spare[int(field[1]) : int(field[1]) + field[0].itemsize] = 0
            masks[kind] = spare[RECORD_BYTES - BODY_BYTES :].view(np.uint64)
    return masks


UNNAMED: Final = _unnamed()

CORE: Final = np.dtype(
    [
        ("digest", "u8"),
        ("position", "i8"),
        ("order_no", "i8"),
        ("priority", "i8"),
        ("trade_no", "i8"),
        ("live", "i8"),
        ("free_order", "i8"),
        ("top_order", "i8"),
        ("top_page", "i8"),
        ("top_node", "i8"),
        ("books", "i8"),
        ("free_trade", "i8"),
        ("top_trade", "i8"),
        ("quotes", "i8"),
        ("voids", "i8"),
        ("time", "i8"),
    ]
)

BOOK: Final = np.dtype(
    [
        # what every order looks at
        ("allow", "u4"),
        ("own_allow", "u4"),
        ("rules", "u4"),
        ("lot", "u4"),
        ("qty_max", "u4"),
        ("qty_min", "u4"),
        ("instrument", "u2"),
        ("group", "u2"),
        ("table", "u2"),
        ("set", "u2"),
        ("segment", "u1"),
        ("mode", "u1"),
        ("phase", "u1"),
        ("special", "u1"),
        ("halted", "u1"),
        ("height", "u1"),
        ("limited", "u1"),
        ("checking", "u1"),
        ("tripped", "u1"),
        ("limit_down", "i8"),
        ("limit_up", "i8"),
        ("ask_base", "i8"),
        ("bid_top", "i8"),
        ("band_from", "i8"),
        ("band_to", "i8"),
        ("band_tick", "i8"),
        ("band_number", "i8"),
        # what trades change
        ("last", "i8"),
        ("volume", "i8"),
        ("term", "u8"),
        ("turnover", "i8"),
        ("open", "i8"),
        ("high", "i8"),
        ("low", "i8"),
        ("close", "i8"),
        ("trades", "i8"),
        ("reference", "i8"),
        ("value_min", "i8"),
        ("price_top", "i8"),
        ("previous_close", "i8"),
        # price checks
        ("first_match", "i8"),
        ("first_price", "i8"),
        ("call_end", "i8"),
        ("call_price", "i8"),
        ("window_head", "i8"),
        ("window_tail", "i8"),
        ("window_high", "i8"),  # sum of price x qty in units of 2^32, and the rest of it
        ("window_low", "i8"),
        ("window_qty", "i8"),
        ("due", "i8"),
        ("entry", "i8"),
        ("owed", "i8"),
        ("saved_allow", "i8"),
        ("entered", "i8"),
        ("changed", "i8"),
        ("simulated", "i8"),
        ("before", "i8"),
        ("told_price", "i8"),
        ("told_volume", "i8"),
        ("told_buy", "i8"),
        ("told_sell", "i8"),
        ("peer", "i8"),  # next book of its group, in book order
        ("product", "u1"),
        ("had_first", "u1"),
        ("had_call", "u1"),
    ],
    align=True,
)

SIDE_ROW: Final = np.dtype([("best_key", "u4"), ("best_page", "u4"), ("root", "u4"), ("live", "u4")])
PAGE: Final = np.dtype([("bits", "u8"), ("base", "u4"), ("parent", "u4")])
NODE: Final = np.dtype([("bits", "u8"), ("parent", "u4"), ("place", "u4")])
LEVEL: Final = np.dtype(
    [("qty", "i8"), ("price", "i8"), ("head", "u4"), ("tail", "u4"), ("count", "u4"), ("key", "u4")]
)
ORDER: Final = np.dtype(
    [
        ("left", "u4"),
        ("cum", "u4"),
        ("next", "u4"),
        ("prev", "u4"),
        ("level", "u4"),
        ("order_no", "u4"),
        ("priority", "u4"),
        ("place", "u4"),  # 2 x book + side
    ]
)
OWNER: Final = np.dtype([("account", "u4"), ("pair", "u4"), ("line", "u2"), ("attributes", "u2"), ("quote", "u4")])
LINE: Final = np.dtype([("last_id", "u8"), ("account", "u4"), ("member", "u2"), ("rights", "u2")])
GROUP: Final = np.dtype(
    [
        ("allow", "u4"),
        ("books", "u4"),
        ("first", "u4"),
        ("last", "u4"),
        ("phase", "u1"),
        ("mode", "u1"),
    ]
)
BAND: Final = np.dtype([("from_price", "i8"), ("tick", "i8"), ("number", "i8")])
TABLE: Final = np.dtype([("bands", "u4"), ("users", "u4")])
SET: Final = np.dtype(
    [
        ("window", "i8"),
        ("duration", "i8"),
        ("band", "i8"),
        ("call", "i8"),
        ("cancel", "i8"),
        ("periodic", "i8"),
        ("defined", "i8"),
    ]
)
WINDOW: Final = np.dtype([("time", "i8"), ("high", "i8"), ("low", "i8"), ("qty", "i8"), ("next", "i8")])
DRAWN: Final = np.dtype([("rank", "u8"), ("slot", "i8")])
QUOTE_ROW: Final = np.dtype([("line", "u4"), ("book", "u4"), ("bid_no", "u4"), ("ask_no", "u4")])

for _row in (ORDER, LEVEL):
    assert _row.itemsize == 32
for _row in (SIDE_ROW, PAGE, NODE, OWNER, LINE, QUOTE_ROW):
    assert _row.itemsize == 16

LIVE_MAX: Final = 2**24
"""Most live orders."""
DAY_MAX: Final = 2**30
"""Most order numbers a day."""
BOOK_MAX: Final = 2**18
PAGE_MAX: Final = 2**21
NODE_MAX: Final = 2**20
WINDOW_MAX: Final = 2**24
QUOTE_MAX: Final = 2**20
VOID_MAX: Final = 2**20


class State(NamedTuple):
    """Every array of a partition's market, by the names the kernels use."""

    core: Array
    books: Array
    sides: Array
    pages: Array
    nodes: Array
    child: Array
    levels: Array
    orders: Array
    owners: Array
    slots: Array
    lines: Array
    book_of: Array
    groups: Array
    bands: Array
    tables: Array
    sets: Array
    window: Array
    quotes: Array
    voids: Array
    drawn: Array


_NORESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000)


def reserve(rows: int, dtype: np.dtype[Any] | type[np.generic]) -> Array:
    """`rows` zeroed rows whose memory is taken page by page when it is first written."""
    size = rows * np.dtype(dtype).itemsize
    area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)
    if size >= 2**24 and hasattr(mmap, "MADV_HUGEPAGE"):
        area.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(area, dtype)


SIZES: Final[dict[str, tuple[int, Any]]] = {
    "core": (1, CORE),
    "books": (BOOK_MAX, BOOK),
    "sides": (2 * BOOK_MAX, SIDE_ROW),
    "pages": (PAGE_MAX, PAGE),
    "nodes": (NODE_MAX, NODE),
    "child": (NODE_MAX * 64, np.uint32),
    "levels": (PAGE_MAX * 64, LEVEL),
    "orders": (LIVE_MAX, ORDER),
    "owners": (LIVE_MAX, OWNER),
    "slots": (DAY_MAX, np.uint32),
    "lines": (65_536, LINE),
    "book_of": (65_536 * 16, np.uint32),
    "groups": (4_096, GROUP),
    "bands": (4_096 * 16, BAND),
    "tables": (4_096, TABLE),
    "sets": (4_096, SET),
    "window": (WINDOW_MAX, WINDOW),
    "quotes": (QUOTE_MAX, QUOTE_ROW),
    "voids": (VOID_MAX, np.uint32),
    "drawn": (LIVE_MAX, DRAWN),
}


def empty_state() -> State:
    """A market before its first command."""
    return State(**{name: reserve(rows, dtype) for name, (rows, dtype) in SIZES.items()})


def used(state: State) -> dict[str, int]:
    """How many rows of each array hold something: what a snapshot keeps."""
    core = state.core[0]
    books = int(core["books"]) + 1
    pages = int(core["top_page"]) + 1
    nodes = int(core["top_node"]) + 1
    orders = int(core["top_order"]) + 1
    small = {
        name: len(getattr(state, name)) for name in ("core", "lines", "book_of", "groups", "bands", "tables", "sets")
    }
    return small | {
        "books": books,
        "sides": 2 * books,
        "pages": pages,
        "nodes": nodes,
        "child": nodes * 64,
        "levels": pages * 64,
        "orders": orders,
        "owners": orders,
        "slots": int(core["order_no"]) + 1,
        "window": int(core["top_trade"]) + 1,
        "quotes": QUOTE_MAX if core["quotes"] else 0,
        "voids": int(core["voids"]),
        "drawn": 0,
    }
