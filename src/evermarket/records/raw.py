"""Moving 64-byte records about without losing bytes.

NumPy copies structured rows field by field: a selection, insertion or concatenation of rows seen through a dtype that
does not name every byte (HEADER) leaves the other bytes undefined. So rows are always moved as plain 64-byte items and
only looked at through a layout.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.records.kinds import Kind
from evermarket.records.layout import HEADER, LAYOUT, Records
from evermarket.records.units import RECORD_BYTES

WHOLE: Final = np.dtype(f"V{RECORD_BYTES}")
"""A record as one item without fields."""

Index = npt.NDArray[np.int64]


def rows(records: Records) -> Records:
    """The same memory as 64-byte items without fields."""
    return records.view(WHOLE)


def duplicate(records: Records) -> Records:
    """A copy of all bytes, with the header's fields."""
    return rows(records).copy().view(HEADER)


def join(parts: Sequence[Records]) -> Records:
    """All parts one behind the other, with the header's fields."""
    if not parts:
        return np.zeros(0, HEADER)
    return np.concatenate([rows(part) for part in parts]).view(HEADER)


def put_in(records: Records, at: npt.ArrayLike, others: Records) -> Records:
    """`records` with `others[i]` before the row `at[i]`; equal places keep the order of `others`."""
    joined: Records = np.insert(rows(records), np.asarray(at, np.int64), rows(others))
    return joined.view(HEADER)


def take(records: Records, where: npt.NDArray[np.bool_] | Index, dtype: np.dtype[np.void]) -> Records:
    """A copy of the chosen rows, seen through `dtype`."""
    chosen: Records = rows(records)[where]
    return chosen.view(dtype)


def of(records: Records, kind: Kind) -> Records:
    """A copy of the rows of one kind, with that kind's fields."""
    return take(records, records["kind"] == kind, LAYOUT[kind])
