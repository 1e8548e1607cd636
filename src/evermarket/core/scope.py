"""Whom a command of the market speaks to: a group of books, or those of an instrument (docs/format.md, section 6.2).

A group's books form a chain in book order (`peer`), so that a five-second call of one group looks at no other.
"""

from typing import Any

from evermarket.core.jit import kernel
from evermarket.core.words import C_UNKNOWN_GROUP, C_UNKNOWN_INSTRUMENT, NONE, TOP_GROUP, i64


@kernel
def in_scope(b: Any, instrument: Any, segment: Any, group: Any) -> Any:
    """Whether a market command speaks to this book."""
    if group != 0:
        return i64(b["group"]) == group
    return i64(b["instrument"]) == instrument and (segment == 0 or i64(b["segment"]) == segment)


@kernel
def first_book(st: Any, group: Any) -> Any:
    """Where a walk over the books in scope begins: the group's chain, or all books; 0 if there are none."""
    if group != 0:
        return i64(st.groups[group]["first"])
    return i64(1) if i64(st.core[0]["books"]) > 0 else i64(0)


@kernel
def book_after(st: Any, book: Any, group: Any) -> Any:
    """The next book of that walk, 0 at its end."""
    if group != 0:
        return i64(st.books[book]["peer"])
    return book + 1 if book < i64(st.core[0]["books"]) else i64(0)


@kernel
def books_of(st: Any, instrument: Any, segment: Any) -> Any:
    """How many books an instrument has in `segment` (0: in all)."""
    count = i64(0)
    for s in range(1, 16):
        if (segment == 0 or segment == s) and i64(st.book_of[instrument * 16 + s]) != 0:
            count += 1
    return count


@kernel
def scope_refusal(st: Any, c: Any) -> Any:
    """(code, value, bound, books in scope) of a command that speaks to a group or to an instrument."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    group = i64(c["phase.group"])
    count = i64(0)
    if group == 0:
        count = books_of(st, instrument, segment)
        if count == 0:
            return (i64(C_UNKNOWN_INSTRUMENT), instrument, segment, count)
    else:
        if group <= TOP_GROUP:
            count = i64(st.groups[group]["books"])
        if count == 0:
            return (i64(C_UNKNOWN_GROUP), group, i64(NONE), count)
    return (i64(0), i64(0), i64(0), count)
