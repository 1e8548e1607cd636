"""Writing commands: one function a layout. Each writes every field it names; the buffer was zero before.

Source: docs/format.md, section 4. Invariants: order numbers are dense in the order of writing (a NEW takes one, a
QUOTE two); ids grow by one a line; bytes that no field names stay zero. Units: as in the records.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import kernel
from evermarket.records.kinds import Kind, OrdType, Tif
from evermarket.records.units import NO_PRICE
from evermarket.sim.kernels import Ints
from evermarket.sim.state import Count

_NEXT: Final = int(Count.NEXT_ORDER_NO)
_NEW: Final = int(Kind.NEW)
_CANCEL: Final = int(Kind.CANCEL)
_REDUCE: Final = int(Kind.REDUCE)
_REPRICE: Final = int(Kind.REPRICE)
_QUOTE: Final = int(Kind.QUOTE)
_REQUEST: Final = int(Kind.QUOTE_REQUEST)
_ROD: Final = int(Tif.ROD)
_LIMIT: Final = int(OrdType.LIMIT)
_NO_PRICE: Final = NO_PRICE

CANCEL: Final = _CANCEL
REDUCE: Final = _REDUCE
REPRICE: Final = _REPRICE
NEW: Final = _NEW

Rows = npt.NDArray[np.void]


@kernel
def _head(out: Rows, at: int, time: int, kind: int, instrument: int, attributes: int, line: int, ids: Ints) -> None:
    row = out[at]
    row["time"] = time
    row["kind"] = kind
    row["instrument"] = instrument
    row["attributes"] = attributes
    row["line"] = line
    ids[line] += 1
    row["cl_ord_id"] = ids[line]


@kernel
def write_new(
    out: Rows,
    at: int,
    time: int,
    instrument: int,
    pending: Rows,
    slot: int,
    price: int,
    types: int,
    ids: Ints,
    counters: Ints,
) -> int:
    """A new order from the facts in `pending[slot]`; `types` is order type * 8 + time in force. Returns its number."""
    facts = pending[slot]
    _head(out, at, time, _NEW, instrument, facts["attributes"], facts["line"], ids)
    row = out[at]
    number = counters[_NEXT]
    counters[_NEXT] = number + 1
    row["price"] = price
    row["qty"] = facts["qty"]
    row["account"] = facts["account"]
    row["order_no"] = number
    row["side"] = facts["side"]
    row["ord_type"] = types >> 3
    row["tif"] = types & 7
    row["extra"] = facts["extra"]
    return number  # type: ignore[no-any-return]


@kernel
def write_change(
    out: Rows, at: int, time: int, kind: int, instrument: int, pending: Rows, slot: int, price: int, qty: int, ids: Ints
) -> None:
    """A CANCEL (price and quantity 0), REDUCE (no price) or REPRICE (quantity 0) of the order in `pending[slot]`."""
    facts = pending[slot]
    _head(out, at, time, kind, instrument, facts["attributes"], facts["line"], ids)
    row = out[at]
    row["price"] = price
    row["qty"] = qty
    row["account"] = facts["account"]
    row["order_no"] = facts["order_no"]


@kernel
def write_request(
    out: Rows, at: int, time: int, instrument: int, pending: Rows, slot: int, qty: int, ids: Ints
) -> None:
    """A request for a quote on both sides."""
    facts = pending[slot]
    _head(out, at, time, _REQUEST, instrument, facts["attributes"], facts["line"], ids)
    row = out[at]
    row["qty"] = qty
    row["account"] = facts["account"]


@kernel
def write_quote(
    out: Rows,
    at: int,
    time: int,
    instrument: int,
    attributes: int,
    line: int,
    bid: int,
    bid_qty: int,
    ask: int,
    ask_qty: int,
    ids: Ints,
    counters: Ints,
) -> None:
    """A quote; a side without quantity has no price. `out` has the layout of quotes."""
    _head(out, at, time, _QUOTE, instrument, attributes, line, ids)
    row = out[at]
    number = counters[_NEXT]
    counters[_NEXT] = number + 2
    row["order_no"] = number
    row["tif"] = _ROD
    row["bid_price"] = bid if bid_qty > 0 else _NO_PRICE
    row["ask_price"] = ask if ask_qty > 0 else _NO_PRICE
    row["bid_qty"] = bid_qty
    row["ask_qty"] = ask_qty
