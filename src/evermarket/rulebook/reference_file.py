"""The exchange's daily fixed-width files: T30 basics, O60 intraday odd lots, T32 odd units and currencies.

Source: layouts as published for members' systems (T30 100 bytes, O60 and T32 50 bytes), seen in two open programs, not
in an exchange document. One record a line; text is CP950, right-padded with spaces; prices are 9(5)V9(4) digits, which
is our price in 1/10 000 currency unit; columns in errors count bytes from 1.
Invariants: `write_records(layout, read_records(layout, data)) == data` for a file with newlines and blank fillers.
**Unverified**: how a security without limits is written; nine zeros are read as "no such price" (None).
Known gaps: fillers are not kept; T34 and the other files are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

ENCODING: Final = "cp950"
Kind = Literal["text", "flag", "price", "number", "date", "filler"]


class ReferenceFileError(ValueError):
    """A record that does not fit its layout; the text names file, line and columns."""


class StockBasics(msgspec.Struct, frozen=True):
    """T30: one security's limits, marks and disposition terms of the day."""

    code: str
    limit_up: int | None
    opening_reference: int | None
    limit_down: int | None
    last_trade_date: date | None
    trade_method: str
    disposition: str
    attention: str
    order_limited: str
    industry: str
    security_kind: str
    short_below_reference: str
    name: str
    match_interval_minutes: int
    order_limit_lots: int
    day_limit_lots: int
    precollection_percent: int
    sbl_below_reference: str
    par_value: str
    day_trade: str
    board: str


class OddLotBasics(msgspec.Struct, frozen=True):
    """O60: one security's intraday odd-lot prices of the day."""

    code: str
    limit_up: int | None
    limit_down: int | None
    reference: int | None
    day_trade: str


class UnitBasics(msgspec.Struct, frozen=True):
    """T32: trading unit and currency of a security that has its own."""

    code: str
    unit: int
    currency: str


Row = TypeVar("Row", bound=msgspec.Struct)


@dataclass(frozen=True)
class Field:
    """One field: its name in the row, its length in bytes, and how it is written."""

    name: str
    length: int
    kind: Kind


@dataclass(frozen=True)
class Layout(Generic[Row]):
    """One file: its name, the row it makes, and its fields in order."""

    name: str
    row: type[Row]
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Bytes of a record without its line end."""
        return sum(field.length for field in self.fields)


T30: Final = Layout(
    "T30",
    StockBasics,
    (
        Field("code", 6, "text"),
        Field("limit_up", 9, "price"),
        Field("opening_reference", 9, "price"),
        Field("limit_down", 9, "price"),
        Field("last_trade_date", 8, "date"),
        Field("trade_method", 1, "flag"),
        Field("disposition", 1, "flag"),
        Field("attention", 1, "flag"),
        Field("order_limited", 1, "flag"),
        Field("industry", 2, "text"),
        Field("security_kind", 2, "text"),
        Field("short_below_reference", 1, "flag"),
        Field("name", 16, "text"),
        Field("match_interval_minutes", 3, "number"),
        Field("order_limit_lots", 6, "number"),
        Field("day_limit_lots", 6, "number"),
        Field("precollection_percent", 3, "number"),
        Field("sbl_below_reference", 1, "flag"),
        Field("par_value", 1, "flag"),
        Field("day_trade", 1, "flag"),
        Field("board", 1, "flag"),
        Field("filler", 12, "filler"),
    ),
)
O60: Final = Layout(
    "O60",
    OddLotBasics,
    (
        Field("code", 6, "text"),
        Field("limit_up", 9, "price"),
        Field("limit_down", 9, "price"),
        Field("reference", 9, "price"),
        Field("day_trade", 1, "flag"),
        Field("filler", 16, "filler"),
    ),
)
T32: Final = Layout(
    "T32",
    UnitBasics,
    (
        Field("code", 6, "text"),
        Field("unit", 5, "number"),
        Field("currency", 3, "text"),
        Field("filler", 36, "filler"),
    ),
)


def read_records(layout: Layout[Row], data: bytes) -> list[Row]:
    """All records of a file; the first one that does not fit is an error with its line and columns."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [_read_line(layout, number, line.removesuffix(b"\r")) for number, line in enumerate(lines, start=1)]


def _read_line(layout: Layout[Row], number: int, line: bytes) -> Row:
    if len(line) != layout.size:
        raise ReferenceFileError(f"{layout.name} line {number}: {len(line)} bytes, a record has {layout.size}")
    values: dict[str, Any] = {}
    at = 0
    for field in layout.fields:
        raw = line[at : at + field.length]
        if field.kind != "filler":
            try:
                values[field.name] = _decode(field, raw)
            except ValueError as error:
                columns = f"columns {at + 1}-{at + field.length}"
                raise ReferenceFileError(f"{layout.name} line {number}, {columns} ({field.name}): {error}") from error
        at += field.length
    return layout.row(**values)


def _decode(field: Field, raw: bytes) -> Any:
    if field.kind in ("text", "flag"):
        text = raw.decode(ENCODING).rstrip(" ")
        if field.name == "code" and not text:
            raise ValueError("blank")
        return text
    if not (raw.isdigit() and raw.isascii()):
        raise ValueError(f"{raw!r} is not {field.length} digits")
    if field.kind == "number":
        return int(raw)
    if field.kind == "price":
        return int(raw) or None
    return None if int(raw) == 0 else date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))


def write_records(layout: Layout[Row], rows: Iterable[Row]) -> bytes:
    """The file of these rows, one newline after each record; a value that does not fit its field is an error."""
    return b"".join(_write_line(layout, number, row) + b"\n" for number, row in enumerate(rows, start=1))


def _write_line(layout: Layout[Row], number: int, row: Row) -> bytes:
    parts = []
    for field in layout.fields:
        try:
            raw = b"" if field.kind == "filler" else _encode(field, getattr(row, field.name))
        except ValueError as error:
            raise ReferenceFileError(f"{layout.name} line {number} ({field.name}): {error}") from error
        parts.append(raw.ljust(field.length))
    return b"".join(parts)


def _encode(field: Field, value: Any) -> bytes:
    if field.kind in ("text", "flag"):
        raw = str(value).encode(ENCODING)
    elif field.kind == "date":
        raw = b"00000000" if value is None else f"{value:%Y%m%d}".encode()
    elif value is not None and value < 0:
        raise ValueError(f"{value} does not fit {field.length} bytes: it is negative")
    else:
        raw = f"{value or 0:0{field.length}d}".encode()
    if len(raw) > field.length or b"\n" in raw:
        raise ValueError(f"{value!r} does not fit {field.length} bytes")
    return raw
