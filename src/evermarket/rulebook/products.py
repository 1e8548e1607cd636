"""Products: what may be done with each kind of security, as dated rows read from products.toml.

Source: per row. TWSE Art. 58 (499 lots), 58-3 para. 6 and 8 (who is exempt), 58-8 (market orders), OL, FP, BL, WR.
Units: `lot` in smallest units (shares); 0 says that the instrument's own unit rules (T32 file).
Invariants: every row names a tick table that exists on its first day; sessions are names of the market's timetable.
Known gaps: facts of one instrument (foreign component, first five days, reference below NT$1, disposition) are not
here; they come with the instrument. Fields listed in a row's `unverified` have no rule text behind them.
"""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from evermarket.rulebook.dated import row_in_force
from evermarket.rulebook.ticks import TickTable, tick_table

DEFAULT_SESSIONS: Final = (
    "regular",
    "odd_lot_intraday",
    "odd_lot_after_hours",
    "fixed_price",
    "block_paired",
    "block_non_paired",
)


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dated row: the ticks, lots, limits, sessions and exemptions of a kind of security."""

    market: str
    product: str
    term: str
    since: date
    ticks: str
    limit_kind: str
    source: str
    lot: int = 1000
    lots_max: int = 499
    sessions: tuple[str, ...] = DEFAULT_SESSIONS
    market_order: bool = True
    odd_lot_intraday: bool = True
    odd_lot_after_hours: bool = True
    call_auction_only: bool = False
    volatility_exempt: bool = False
    check_exempt: bool = False
    unverified: tuple[str, ...] = ()

    @property
    def quantity_max(self) -> int | None:
        """The largest order in smallest units; None where the unit comes with the instrument."""
        return self.lot * self.lots_max if self.lot else None

    def tick_table(self, day: date) -> TickTable:
        """The tick table of this product on a day."""
        return tick_table(self.market, self.ticks, day)


class ProductFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file products.toml."""

    product: tuple[Product, ...]


@cache
def products() -> tuple[Product, ...]:
    """All rows of all markets and dates."""
    text = files("evermarket.rulebook").joinpath("products.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), ProductFile).product


def product_row(market: str, product: str, day: date) -> Product:
    """The row of one product in force on a day."""
    rows = (row for row in products() if row.market == market and row.product == product)
    return row_in_force(rows, day, f"product {market} {product}")
