"""The state digest kept in O(1) a change (docs/format.md, section 7): the kernels' copy of records/mixer.py.

Terms are added when an order comes to rest or a book is defined, and exchanged when what they mix changes. uint64
throughout.
"""

from typing import Any, Final

from evermarket.core.jit import hot
from evermarket.core.words import i64, u64
from evermarket.records import mixer

K0: Final = u64(mixer.K0)
K1: Final = u64(mixer.K1)
K2: Final = u64(mixer.K2)
K3: Final = u64(mixer.K3)
K4: Final = u64(mixer.K4)
K5: Final = u64(mixer.K5)
K6: Final = u64(mixer.K6)
F1: Final = u64(mixer.F1)
F2: Final = u64(mixer.F2)
TOP_BIT: Final = u64(1 << 63)


@hot
def finish(h: Any) -> Any:
    """Spread every input bit over the word."""
    h ^= h >> u64(33)
    h *= F1
    h ^= h >> u64(33)
    h *= F2
    return h ^ (h >> u64(33))


@hot
def draw_rank(seed: Any, order_no: Any) -> Any:
    """Place of an order in a draw: lower comes first."""
    return finish((u64(order_no) * K0) ^ u64(seed))


@hot
def order_term(st: Any, slot: Any) -> Any:
    """Term of the live order in row `slot`."""
    o = st.orders[slot]
    place = i64(o["place"])
    b = st.books[place >> 1]
    a = (
        u64(o["order_no"])
        | (u64(b["instrument"]) << u64(32))
        | (u64(b["segment"]) << u64(48))
        | (u64((place & 1) + 1) << u64(56))
    )
    price = u64(i64(st.levels[i64(o["level"])]["price"]))
    return finish(a * K0 + price * K1 + (u64(o["left"]) | (u64(o["priority"]) << u64(32))) * K2)


@hot
def book_term(b: Any) -> Any:
    """Term of a defined book."""
    a = u64(b["instrument"]) | (u64(b["segment"]) << u64(16)) | (u64(b["phase"]) << u64(24)) | TOP_BIT
    return finish(a * K3 + u64(i64(b["reference"])) * K4 + u64(i64(b["last"])) * K5 + u64(i64(b["volume"])) * K6)


@hot
def refresh_book(st: Any, book: Any) -> None:
    """Exchange a book's term after its phase, reference, last price or volume changed."""
    b = st.books[book]
    term = book_term(b)
    g = st.core[0]
    g["digest"] = g["digest"] - b["term"] + term
    b["term"] = term
