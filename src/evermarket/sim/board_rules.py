"""What the board needs of the rulebook: ticks, limits and sessions of a product on a day, as the records want them.

Source: evermarket.rulebook (Art. 58, 62, 63; OL, FP, BL, WR). A thin layer, so that the board knows no rule itself.
Units: prices in 1/10 000 currency unit, quantities in shares.
Known gaps: convertible bonds trade in units of 1 (NT$100,000 face); a periodic security keeps odd lots at the common
interval instead of its own.
"""

from datetime import date
from fractions import Fraction
from typing import Final

import numpy as np

from evermarket.records.kinds import Product, Segment
from evermarket.records.units import NO_PRICE
from evermarket.rulebook.limits import NO_LIMITS, DailyLimits, limits_of_day
from evermarket.rulebook.products import Product as ProductRow
from evermarket.rulebook.products import product_row
from evermarket.rulebook.ticks import TickTable, tick_table
from evermarket.rulebook.warrant_limits import UnderlyingMove, WarrantKind, single_warrant_limits
from evermarket.sim.kernels import BANDS_MAX, NO_BAND, Ints

MARKET: Final = "TWSE"

FAMILIES: Final = ("stock", "fund", "warrant", "convertible", "corporate_bond", "block")
"""Tick tables of the board; a table's number is its place here plus one."""

PRODUCTS: Final = {
    "stock": Product.STOCK,
    "innovation": Product.STOCK,
    "preferred": Product.PREFERRED,
    "depositary_receipt": Product.TDR,
    "etf": Product.ETF,
    "etn": Product.ETN,
    "reit": Product.REIT,
    "warrant_call": Product.WARRANT_CALL,
    "warrant_put": Product.WARRANT_PUT,
    "convertible_bond": Product.CONVERTIBLE,
    "corporate_bond": Product.CORPORATE_BOND,
}
"""Rulebook products of the board and their number in the records."""

SEGMENTS: Final = {
    "regular": Segment.REGULAR,
    "bond_call_auction": Segment.REGULAR,
    "odd_lot_intraday": Segment.ODD_LOT,
    "odd_lot_after_hours": Segment.ODD_LOT_AFTER,
    "fixed_price": Segment.FIXED_PRICE,
    "block_non_paired": Segment.BLOCK,
    "block_paired": Segment.BLOCK_PAIRED,
}
"""Rulebook sessions and the segment of the records they trade in."""


def family_table(family: str, day: date) -> TickTable:
    """The tick table of a family in force."""
    return tick_table(MARKET, family, day)


def table_number(family: str) -> int:
    """The number of a family's table in the records."""
    return FAMILIES.index(family) + 1


def rule_row(product: str, day: date) -> ProductRow:
    """The product's row in force."""
    return product_row(MARKET, product, day)


def segments_of(product: str, day: date) -> tuple[Segment, ...]:
    """The books a product has."""
    return tuple(sorted({SEGMENTS[name] for name in rule_row(product, day).sessions}))


def lot_of(product: str, day: date) -> int:
    """Shares in a trading unit."""
    return 1 if product in ("convertible_bond", "corporate_bond") else rule_row(product, day).lot


def day_limits(product: str, reference: int, day: date, *, multiple: int, is_free: bool) -> DailyLimits:
    """The limits of anything but a warrant; `is_free` says that it has none (new listing, foreign component)."""
    row = rule_row(product, day)
    if is_free:
        return NO_LIMITS
    return limits_of_day(MARKET, row.limit_kind, row.tick_table(day), reference, day, multiple=multiple)


def warrant_day_limits(product: str, reference: int, underlying: UnderlyingMove, day: date) -> DailyLimits:
    """The limits of a call or put on one stock."""
    kind = WarrantKind.CALL if product == "warrant_call" else WarrantKind.PUT
    return single_warrant_limits(rule_row(product, day).tick_table(day), reference, kind, underlying)


def underlying_move(reference: int, up: int, down: int, ratio_millionths: int) -> UnderlyingMove:
    """An underlying's day and how much of it one warrant stands for."""
    return UnderlyingMove(reference, up, down, Fraction(ratio_millionths, 1_000_000))


def as_price(value: int | None) -> int:
    """A limit as the records write it."""
    return NO_PRICE if value is None else value


def band_array(day: date) -> Ints:
    """The tick tables for the kernels: [table number, band] = first price, tick, first number."""
    bands = np.full((len(FAMILIES) + 1, BANDS_MAX, 3), NO_BAND, np.int64)
    for family in FAMILIES:
        for at, band in enumerate(family_table(family, day).bands):
            bands[table_number(family), at] = (band.from_price, band.tick, band.first_ordinal)
    return bands
