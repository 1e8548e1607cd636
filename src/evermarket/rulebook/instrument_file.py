"""Our own file of instruments, CSV or Parquet, one row an instrument.

Columns (a blank cell is the default in brackets; the first four must be there):
  code                 up to 12 characters, unique in the file
  market, product      a product row of the rulebook, such as TWSE, stock
  reference            opening reference price, decimal text; in Parquet Decimal or text, never a float
  name, isin           text []
  currency             ISO 4217 [TWD]
  limit_up, limit_down prices; both blank says: no limits, unless `limits` says compute [compute]
  limits               "compute" from the reference, "given" in the two columns, or "none" [compute]
  lot                  smallest units of a board lot [the product's]
  multiple             leverage of a fund, -1 inverse [1]
  interval_s           own matching interval in seconds (disposition, bonds) [none]
  without_volatility, without_check   yes or no: not stabilised for its own reasons [no]
  day_trade            blank none, Y buy first, X both []
Units: prices in 1/10 000 currency unit. Errors name the line (header is line 1) and the column.
Known gaps: underlying and exercise terms of warrants are not columns; their limits must be given.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from evermarket.rulebook.dated import NoRuleError
from evermarket.rulebook.limits import NO_LIMITS, DailyLimits, limits_of_day
from evermarket.rulebook.money import format_price, parse_price
from evermarket.rulebook.products import Product, product_row
from evermarket.rulebook.ticks import is_on_tick

COLUMNS: Final = (
    "code", "market", "product", "reference", "name", "isin", "currency", "limits", "limit_up", "limit_down", "lot",
    "multiple", "interval_s", "without_volatility", "without_check", "day_trade",
)  # fmt: skip
REQUIRED: Final = COLUMNS[:4]
LimitsFrom = Literal["compute", "given", "none"]


class InstrumentFileError(ValueError):
    """A file of instruments that cannot be read; the text names line and column."""


class Instrument(msgspec.Struct, frozen=True):
    """One instrument of one trading day."""

    code: str
    market: str
    product: str
    reference: int
    limits: DailyLimits
    lot: int
    name: str = ""
    isin: str = ""
    currency: str = "TWD"
    multiple: int = 1
    interval_s: int | None = None
    without_volatility: bool = False
    without_check: bool = False
    day_trade: str = ""


class _Cells:
    """One row's cells, taken by column; every error says where."""

    def __init__(self, line: int, row: Mapping[str, str]) -> None:
        self.line = line
        self.row = row

    def wrong(self, column: str, why: str) -> InstrumentFileError:
        return InstrumentFileError(f"line {self.line}, column {column}: {why}")

    def text(self, column: str, default: str = "") -> str:
        value = (self.row.get(column) or "").strip()
        if not value and column in REQUIRED:
            raise self.wrong(column, "is blank")
        return value or default

    def price(self, column: str) -> int:
        try:
            value = parse_price(self.text(column))
        except ValueError as error:
            raise self.wrong(column, str(error)) from error
        if value <= 0:
            raise self.wrong(column, f"{format_price(value)} is not above 0")
        return value

    def whole(self, column: str) -> int | None:
        text = self.text(column)
        if not text:
            return None
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            raise self.wrong(column, f"{text!r} is not a whole number")
        return int(text)

    def flag(self, column: str) -> bool:
        text = self.text(column, "no")
        if text not in ("yes", "no"):
            raise self.wrong(column, f"{text!r} is neither yes nor no")
        return text == "yes"


def read_instruments(path: Path, day: date) -> list[Instrument]:
    """Instruments of a CSV or Parquet file (by its ending) as they stand on `day`."""
    if path.suffix == ".parquet":
        return parse_instruments(_parquet_rows(path), day)
    if path.suffix != ".csv":
        raise InstrumentFileError(f"{path.name}: a file of instruments ends in .csv or .parquet")
    reader = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")), strict=True)
    _check_columns(reader.fieldnames or ())
    return parse_instruments(reader, day)


def parse_instruments(rows: Iterable[Mapping[str, str]], day: date) -> list[Instrument]:
    """Instruments from rows of text; line numbers count from 2, as line 1 is the header."""
    found: dict[str, Instrument] = {}
    for line, row in enumerate(rows, start=2):
        cells = _Cells(line, row)
        instrument = _instrument(cells, day)
        if instrument.code in found:
            raise cells.wrong("code", f"{instrument.code!r} is there twice")
        found[instrument.code] = instrument
    return list(found.values())


def _instrument(cells: _Cells, day: date) -> Instrument:
    market, product = cells.text("market"), cells.text("product")
    try:
        row = product_row(market, product, day)
    except NoRuleError as error:
        raise cells.wrong("product", str(error)) from error
    reference, multiple = cells.price("reference"), cells.whole("multiple") or 1
    if not is_on_tick(row.tick_table(day), reference):
        raise cells.wrong("reference", f"{format_price(reference)} is not on the tick of {market} {product}")
    lot = cells.whole("lot") or row.lot
    if lot <= 0:
        raise cells.wrong("lot", f"{market} {product} has no lot of its own: give one above 0")
    interval_s = cells.whole("interval_s")
    if interval_s is not None and interval_s <= 0:
        raise cells.wrong("interval_s", f"{interval_s} is not above 0")
    return Instrument(
        code=cells.text("code"),
        market=market,
        product=product,
        reference=reference,
        limits=_limits(cells, row, reference, multiple, day),
        lot=lot,
        name=cells.text("name"),
        isin=cells.text("isin"),
        currency=cells.text("currency", "TWD"),
        multiple=multiple,
        interval_s=interval_s,
        without_volatility=cells.flag("without_volatility"),
        without_check=cells.flag("without_check"),
        day_trade=cells.text("day_trade"),
    )


def _limits(cells: _Cells, row: Product, reference: int, multiple: int, day: date) -> DailyLimits:
    source = cells.text("limits", "compute")
    if source == "given":
        limits = DailyLimits(up=cells.price("limit_up"), down=cells.price("limit_down"))
        if not limits.admits(reference):
            raise cells.wrong("limits", f"the reference {format_price(reference)} is outside the given limits")
        return limits
    if source not in ("compute", "none"):
        raise cells.wrong("limits", f"{source!r} is none of compute, given, none")
    if source == "none" or row.limit_kind == "none":
        return NO_LIMITS
    if row.limit_kind == "formula":
        raise cells.wrong("limits", f"limits of {row.product} come by formula: give them")
    return limits_of_day(row.market, row.limit_kind, row.tick_table(day), reference, day, multiple=multiple)


def _check_columns(names: Iterable[str]) -> None:
    present = list(names)
    for name in REQUIRED:
        if name not in present:
            raise InstrumentFileError(f"line 1: column {name} is missing")
    for name in present:
        if name not in COLUMNS:
            raise InstrumentFileError(f"line 1, column {name}: unknown; known are {', '.join(COLUMNS)}")


def _parquet_rows(path: Path) -> list[dict[str, str]]:
    import polars as pl  # half a second: only for those who read Parquet

    frame = pl.read_parquet(path)
    _check_columns(frame.columns)
    for name, kind in frame.schema.items():
        if kind.is_float():
            raise InstrumentFileError(f"line 1, column {name}: a float column; prices are Decimal or text")
    return [{name: _cell_text(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _cell_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def write_instruments(path: Path, instruments: Iterable[Instrument]) -> None:
    """A CSV or Parquet file (by its ending) that reads back as the same instruments, limits given or none."""
    rows = [_row_of(instrument) for instrument in instruments]
    if path.suffix == ".parquet":
        import polars as pl

        pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(path)
        return
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _row_of(instrument: Instrument) -> dict[str, str]:
    limits = instrument.limits
    given = limits.up is not None and limits.down is not None
    return {
        "code": instrument.code,
        "market": instrument.market,
        "product": instrument.product,
        "reference": format_price(instrument.reference),
        "name": instrument.name,
        "isin": instrument.isin,
        "currency": instrument.currency,
        "limits": "given" if given else "none",
        "limit_up": "" if limits.up is None else format_price(limits.up),
        "limit_down": "" if limits.down is None else format_price(limits.down),
        "lot": str(instrument.lot),
        "multiple": str(instrument.multiple),
        "interval_s": "" if instrument.interval_s is None else str(instrument.interval_s),
        "without_volatility": _cell_text(instrument.without_volatility),
        "without_check": _cell_text(instrument.without_check),
        "day_trade": instrument.day_trade,
    }
