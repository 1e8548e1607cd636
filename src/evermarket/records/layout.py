"""The 64-byte records as NumPy dtypes (docs/format.md, sections 2 and 4).

    0        8        16  17  18     20    22    24                                  64
    | position | time |kind|fl|instr |code |attr |              body (by kind)        |

All fields are little-endian. Every kind shares the header; bodies differ. Bytes no field names are zero.
Each dtype asserts its own size and that no two fields overlap.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.records.kinds import Kind
from evermarket.records.units import BODY_BYTES, RECORD_BYTES

_HEADER_FIELDS: Final = (
    ("position", "<u8", 0),
    ("time", "<i8", 8),
    ("kind", "u1", 16),
    ("flags", "u1", 17),
    ("instrument", "<u2", 18),
    ("code", "<u2", 20),
    ("attributes", "<u2", 22),
)

Records = npt.NDArray[np.void]
"""A one-dimensional array of any of the 64-byte dtypes below."""

Field = tuple[str, str, int]


def _layout(fields: Iterable[Field]) -> np.dtype[np.void]:
    rows = sorted(fields, key=lambda f: f[2])
    end = 0
    for name, fmt, offset in rows:
        assert offset >= end, f"{name} overlaps the field before it"
        assert offset % np.dtype(fmt).itemsize == 0 or fmt.startswith("S"), f"{name} is not aligned"
        end = offset + np.dtype(fmt).itemsize
    assert end <= RECORD_BYTES
    names, formats, offsets = zip(*rows, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": RECORD_BYTES})


def record_dtype(*body: Field) -> np.dtype[np.void]:
    """A layout of the common header and these body fields (name, type, offset)."""
    return _layout((*_HEADER_FIELDS, *body))


HEADER: Final = record_dtype()

ORDER: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("price", "<i8", 32),
    ("qty", "<u4", 40),
    ("account", "<u4", 44),
    ("order_no", "<u4", 48),
    ("line", "<u2", 52),
    ("side", "u1", 54),
    ("ord_type", "u1", 55),
    ("tif", "u1", 56),
    ("open_close", "u1", 57),
    ("leg", "<u2", 58),
    ("extra", "<u4", 60),
)
"""NEW, REDUCE, REPRICE, CANCEL, QUOTE_REQUEST; ACCEPTED. `extra`: pair number of a paired block in NEW, priority in
ACCEPTED; `qty` of REDUCE is the quantity to take off."""

CHANGED: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("price", "<i8", 32),
    ("qty", "<u4", 40),
    ("leaves", "<u4", 44),
    ("order_no", "<u4", 48),
    ("line", "<u2", 52),
    ("side", "u1", 54),
    ("cum", "<u4", 56),
    ("priority", "<u4", 60),
)
"""REDUCED, REPRICED, CANCELLED, CONVERTED: what happened to one order; `qty` taken off (0 when re-priced)."""

QUOTE: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("bid_price", "<i8", 32),
    ("ask_price", "<i8", 40),
    ("order_no", "<u4", 48),
    ("line", "<u2", 52),
    ("tif", "u1", 54),
    ("open_close", "u1", 55),
    ("bid_qty", "<u4", 56),
    ("ask_qty", "<u4", 60),
)
"""QUOTE, QUOTED: two sides; the bid's order number is `order_no`, the ask's `order_no + 1`."""

MASS: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("count", "<u4", 40),
    ("account", "<u4", 44),
    ("of_member", "<u2", 48),
    ("of_line", "<u2", 50),
    ("line", "<u2", 52),
    ("side", "u1", 54),
    ("quotes_only", "u1", 55),
)
"""MASS_CANCEL (`count` 0), MASS_CANCELLED (`count` orders)."""

TRADE: Final = record_dtype(
    ("price", "<i8", 24),
    ("qty", "<u4", 32),
    ("trade_no", "<u4", 36),
    ("buy_no", "<u4", 40),
    ("sell_no", "<u4", 44),
    ("buy_leaves", "<u4", 48),
    ("sell_leaves", "<u4", 52),
    ("buy_cum", "<u4", 56),
    ("sell_cum", "<u4", 60),
)
"""TRADED."""

OFF_BOOK: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("price", "<i8", 32),
    ("qty", "<u4", 40),
    ("buy_account", "<u4", 44),
    ("sell_account", "<u4", 48),
    ("line", "<u2", 52),
    ("buy_line", "<u2", 54),
    ("sell_line", "<u2", 56),
    ("buy_open_close", "u1", 58),
    ("sell_open_close", "u1", 59),
    ("trade_no", "<u4", 60),
)
"""OFF_BOOK_TRADE (`trade_no` 0), OFF_BOOK_TRADED."""

VOID: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("price", "<i8", 32),
    ("qty", "<u4", 40),
    ("trade_no", "<u4", 44),
    ("buy_no", "<u4", 48),
    ("line", "<u2", 52),
    ("sell_no", "<u4", 56),
)
"""VOID_TRADE, TRADE_VOIDED: the facts of the trade, given again by whoever asks."""

REJECT: Final = record_dtype(
    ("cl_ord_id", "<u8", 24),
    ("value", "<i8", 32),
    ("bound", "<i8", 40),
    ("order_no", "<u4", 48),
    ("line", "<u2", 52),
    ("command", "u1", 54),
)
"""REJECTED: `code` the refusal, `value` the value at fault, `bound` what the rule would have had (or NO_PRICE)."""

PHASE: Final = record_dtype(
    ("until", "<i8", 24),
    ("postpone_ns", "<i8", 32),
    ("entry_ns", "<i8", 40),
    ("group", "<u2", 48),
    ("mode", "u1", 50),
    ("match", "u1", 51),
    ("allow", "<u4", 52),
    ("actions", "<u4", 56),
    ("count", "<u4", 60),
)
"""PHASE, HALT, RESUME, INDICATE; PHASE_CHANGED, HALTED, RESUMED."""

TIMER: Final = record_dtype(("due", "<i8", 24))
"""TIMER: `code` a Special, `due` as announced by the event that set it."""

DRAW: Final = record_dtype(("seed", "<u8", 24), ("group", "<u2", 48), ("count", "<u4", 60))
"""DRAW, DRAWN."""

TEXT: Final = record_dtype(("text", "S40", 24))
"""TEXT: 40 bytes of UTF-8, zero-padded; runs of them follow ANNOUNCE."""

ANNOUNCE: Final = record_dtype(("until", "<i8", 24), ("audience", "<u2", 48), ("urgency", "u1", 50))
"""ANNOUNCE, ANNOUNCED."""

REF_TICK: Final = record_dtype(("from_price", "<i8", 24), ("tick", "<i8", 32), ("table", "<u2", 48))
"""REF_TICK: one band; the bands of a table come in ascending order."""

REF_LINE: Final = record_dtype(
    ("rights", "<u4", 40), ("account", "<u4", 44), ("member", "<u2", 48), ("line", "<u2", 52)
)
"""REF_LINE: who stands behind a line; `account` is the one its quotes use."""

REF_STABILISATION: Final = record_dtype(
    ("window_ns", "<i8", 24),
    ("duration_ns", "<i8", 32),
    ("band_permille", "<u2", 40),
    ("call_permille", "<u2", 42),
    ("cancel_permille", "<u2", 44),
    ("periodic_permille", "<u2", 46),
    ("set", "<u2", 48),
)
"""REF_STABILISATION: the parameters of the price checks (58-3 paras 6-8, 58-9)."""

REF_INSTRUMENT: Final = record_dtype(
    ("qty_min", "<u4", 24),
    ("lot", "<u4", 28),
    ("qty_max", "<u4", 32),
    ("rules", "<u4", 36),
    ("value_min", "<i8", 40),
    ("group", "<u2", 48),
    ("table", "<u2", 50),
    ("allow", "<u4", 52),
    ("set", "<u2", 56),
    ("product", "u1", 58),
)
"""REF_INSTRUMENT: one book (instrument and segment)."""

REF_PRICES: Final = record_dtype(
    ("reference", "<i8", 24), ("limit_up", "<i8", 32), ("limit_down", "<i8", 40), ("previous_close", "<i8", 48)
)
"""REF_PRICES: of one book; no limit is NO_PRICE on both sides."""

REF_CONTRACT: Final = record_dtype(
    ("strike", "<i8", 24),
    ("multiplier", "<i8", 32),
    ("expiry", "<u4", 40),
    ("last_day", "<u4", 44),
    ("underlying", "<u2", 48),
    ("right", "u1", 50),
)
"""REF_CONTRACT: reserved for derivatives."""

INDICATIVE: Final = record_dtype(
    ("price", "<i8", 24), ("volume", "<i8", 32), ("buy_left", "<i8", 40), ("sell_left", "<i8", 48), ("count", "<u4", 56)
)
"""INDICATIVE, AUCTIONED: `buy_left` / `sell_left` what would remain (remains) at the price; `count` trades or books."""

STABILISED: Final = record_dtype(
    ("due", "<i8", 24), ("price", "<i8", 32), ("reference", "<i8", 40), ("entry", "<i8", 48), ("order_no", "<u4", 56)
)
"""STABILISATION_STARTED, STABILISATION_ENDED."""

CLOSED: Final = record_dtype(
    ("open", "<i8", 24), ("high", "<i8", 32), ("low", "<i8", 40), ("close", "<i8", 48), ("volume", "<i8", 56)
)
"""CLOSED: the day's prices of one book."""

STATISTICS: Final = record_dtype(
    ("turnover", "<i8", 24),
    ("best_bid", "<i8", 32),
    ("best_ask", "<i8", 40),
    ("reference", "<i8", 48),
    ("count", "<u4", 56),
)
"""STATISTICS: turnover in price units times quantity, best unfilled prices at the close (next day's reference)."""

BLOCK: Final = _layout(
    (
        ("position", "<u8", 0),
        ("digest", "<u8", 8),
        ("kind", "u1", 16),
        ("epoch", "<u4", 20),
        ("count", "<u4", 24),
        ("crc", "<u4", 28),
        ("chain", "V32", 32),
    )
)
"""BLOCK: ends a commit block of `count` records; `position` is the last of them."""

EPOCH: Final = _layout(
    (
        ("position", "<u8", 0),
        ("time", "<i8", 8),
        ("kind", "u1", 16),
        ("make", "<u2", 18),
        ("epoch", "<u4", 20),
        ("owner", "<u4", 24),
        ("trading_day", "<u4", 28),
        ("chain", "V32", 32),
    )
)
"""EPOCH: begins an epoch after `position`; `chain` = SHA-256(chain before it, this record with chain zero)."""

SEGMENT: Final = _layout(
    (
        ("position", "<u8", 0),
        ("magic", "V8", 8),
        ("kind", "u1", 16),
        ("version", "<u2", 18),
        ("trading_day", "<u4", 20),
        ("partition", "<u2", 24),
        ("primary_version", "<u2", 26),
        ("twin_version", "<u2", 28),
        ("crc", "<u4", 32),
        ("rulebook_day", "<u4", 36),
        ("number", "<u4", 40),
        ("size", "<u4", 44),
        ("config", "<u8", 48),
        ("seed", "<u8", 56),
    )
)
"""SEGMENT: first record of a segment file; `position` is the position before its first record."""

_BY_DTYPE: Final = (
    (
        ORDER,
        (Kind.NEW, Kind.REDUCE, Kind.REPRICE, Kind.CANCEL, Kind.QUOTE_REQUEST, Kind.ACCEPTED, Kind.QUOTE_REQUESTED),
    ),
    (CHANGED, (Kind.REDUCED, Kind.REPRICED, Kind.CANCELLED, Kind.CONVERTED)),
    (QUOTE, (Kind.QUOTE, Kind.QUOTED)),
    (MASS, (Kind.MASS_CANCEL, Kind.MASS_CANCELLED)),
    (TRADE, (Kind.TRADED,)),
    (OFF_BOOK, (Kind.OFF_BOOK_TRADE, Kind.OFF_BOOK_TRADED)),
    (VOID, (Kind.VOID_TRADE, Kind.TRADE_VOIDED)),
    (REJECT, (Kind.REJECTED,)),
    (PHASE, (Kind.PHASE, Kind.HALT, Kind.RESUME, Kind.INDICATE, Kind.PHASE_CHANGED, Kind.HALTED, Kind.RESUMED)),
    (TIMER, (Kind.TIMER,)),
    (DRAW, (Kind.DRAW, Kind.DRAWN)),
    (TEXT, (Kind.TEXT,)),
    (ANNOUNCE, (Kind.ANNOUNCE, Kind.ANNOUNCED)),
    (REF_TICK, (Kind.REF_TICK,)),
    (REF_LINE, (Kind.REF_LINE,)),
    (REF_STABILISATION, (Kind.REF_STABILISATION,)),
    (REF_INSTRUMENT, (Kind.REF_INSTRUMENT,)),
    (REF_PRICES, (Kind.REF_PRICES,)),
    (REF_CONTRACT, (Kind.REF_CONTRACT,)),
    (INDICATIVE, (Kind.INDICATIVE, Kind.AUCTIONED)),
    (STABILISED, (Kind.STABILISATION_STARTED, Kind.STABILISATION_ENDED)),
    (HEADER, (Kind.REFERENCE_SET,)),
    (CLOSED, (Kind.CLOSED,)),
    (STATISTICS, (Kind.STATISTICS,)),
    (BLOCK, (Kind.BLOCK,)),
    (EPOCH, (Kind.EPOCH,)),
    (SEGMENT, (Kind.SEGMENT,)),
)

LAYOUT: Final[dict[Kind, np.dtype[np.void]]] = {kind: dtype for dtype, kinds in _BY_DTYPE for kind in kinds}
"""The dtype of each kind."""

for _dtype in LAYOUT.values():
    assert _dtype.itemsize == RECORD_BYTES
assert HEADER.itemsize - BODY_BYTES == 24


def as_dtype(records: Records, dtype: np.dtype[np.void]) -> Records:
    """The same bytes seen with another layout; no copy. `records` is contiguous and 64 bytes an item."""
    return records.view(dtype)


def of_kind(records: Records, kind: Kind) -> Records:
    """The records of one kind, with that kind's fields (a copy of the selected rows)."""
    whole = records.view(f"V{RECORD_BYTES}")  # NumPy copies only named fields: select whole records
    selected: Records = whole[records["kind"] == kind]
    return selected.view(LAYOUT[kind])


def blank(kind: Kind, n: int = 1) -> Records:
    """`n` zeroed records of one kind, ready to be filled."""
    rows = np.zeros(n, LAYOUT[kind])
    rows["kind"] = kind
    return rows
