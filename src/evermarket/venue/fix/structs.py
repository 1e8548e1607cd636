"""Named fields of a record to and from plain integers: what NumPy does slowly for one row at a time.

    number, price = reading(Kind.TRADED, "trade_no", "price")(raw, at)
    raw = writing(Kind.CANCEL, "time", "order_no").pack(time, number)

Offsets and types are those of the record's dtype (docs/format.md, section 4); bytes that are not named are skipped, or
written as zeros. Names come in the order of their offsets.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from evermarket.records import LAYOUT, RECORD_BYTES, Kind

_LETTERS: Final = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i8": "q"}


def place(kind: Kind, name: str) -> tuple[np.dtype[Any], int]:
    """Type and offset of a field."""
    fields = LAYOUT[kind].fields
    assert fields is not None
    return fields[name][:2]


def writing(kind: Kind, *names: str) -> struct.Struct:
    """The 64 bytes of a record of this kind."""
    letters, at = "<", 0
    for name in names:
        dtype, offset = place(kind, name)
        assert offset >= at, f"{name} stands before the one before it"
        letters += f"{offset - at}x{_LETTERS[dtype.str[1:]]}"
        at = offset + dtype.itemsize
    made = struct.Struct(f"{letters}{RECORD_BYTES - at}x")
    assert made.size == RECORD_BYTES
    return made


def reading(kind: Kind, *names: str) -> Callable[[bytes, int], tuple[int, ...]]:
    """Gives the named fields of the record that begins at a place."""
    return writing(kind, *names).unpack_from
