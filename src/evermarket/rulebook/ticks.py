"""Tick tables (升降單位): which prices exist, and the number each of them has.

Source: TWSE Operating Rules Art. 62; beneficiary certificates Art. 7; ETN Art. 8; corporate bonds Art. 6; block Art.
3-1. Former stock table: Art. 62 as published on 1996-12-26. Its end on 2005-03-01 is not in a text we hold, but
published closes lie on the old table without exception to February 2005 and not since April 2005.
**Unverified** rows (marked `verified=False`): warrant and convertible tables (general knowledge, no rule text seen).
SSE: 0.01 stocks, 0.001 funds (trading rules; Level-2 data agree).
Units: prices in 1/10 000 currency unit. A valid price is a multiple of the tick of its own band.
Invariants: a band starts on a multiple of its own and of the previous band's tick; valid price <-> ordinal is a
monotone bijection; the first tick has ordinal 1, as 0 is not a price.
Known gaps: the half-way case of "nearest tick" is in no text, hence the parameter `half`.
"""

from bisect import bisect_right
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Final

import msgspec

from evermarket.rulebook.dated import row_in_force
from evermarket.rulebook.money import ceil, floor


class HalfWay(Enum):
    """Where a value exactly between two valid prices goes."""

    UP = "up"
    DOWN = "down"


class TickBand(msgspec.Struct, frozen=True):
    """From `from_price` (included) on, prices are multiples of `tick`; `first_ordinal` is the number of its first."""

    from_price: int
    tick: int
    first_ordinal: int


class TickTable(msgspec.Struct, frozen=True):
    """The dated tick table of one market and one family of products."""

    market: str
    family: str
    since: date
    bands: tuple[TickBand, ...]
    source: str
    verified: bool = True

    @property
    def first_tick(self) -> int:
        """The lowest valid price."""
        return self.bands[0].from_price


def make_bands(*steps: tuple[int, int]) -> tuple[TickBand, ...]:
    """Bands from (from_price, tick) pairs; a first pair from 0 starts at its first tick."""
    bands: list[TickBand] = []
    for from_price, tick in steps:
        if not bands:
            bands.append(TickBand(from_price or tick, tick, 1))
            continue
        last = bands[-1]
        if from_price % tick or from_price % last.tick or from_price <= last.from_price:
            raise ValueError(f"band from {from_price} with tick {tick} does not join the band below it")
        count = (from_price - last.from_price) // last.tick
        bands.append(TickBand(from_price, tick, last.first_ordinal + count))
    return tuple(bands)


_FUND = make_bands((0, 100), (500_000, 500))
_OLD = date(1996, 12, 26)
_STOCK_1996 = make_bands(
    (0, 100), (50_000, 500), (150_000, 1_000), (500_000, 5_000), (1_500_000, 10_000), (10**7, 50_000)
)
_STOCK_2005 = make_bands(
    (0, 100), (100_000, 500), (500_000, 1_000), (10**6, 5_000), (5 * 10**6, 10_000), (10**7, 50_000)
)
_WARRANT = make_bands((0, 100), (50_000, 500), (100_000, 1_000), (500_000, 5_000), (10**6, 10_000), (5 * 10**6, 50_000))
_CONVERTIBLE = make_bands((0, 500), (1_500_000, 10_000), (10**7, 50_000))

TICK_TABLES: Final[tuple[TickTable, ...]] = (
    TickTable("TWSE", "stock", _OLD, _STOCK_1996, "Art. 62, text of 1996-12-26"),
    TickTable("TWSE", "stock", date(2005, 3, 1), _STOCK_2005, "Art. 62; DR Art. 5"),
    TickTable("TWSE", "fund", date(2005, 3, 1), _FUND, "BC Art. 7; ETN Art. 8"),
    TickTable("TWSE", "corporate_bond", _OLD, make_bands((0, 500)), "CBD Art. 6; Art. 62, 1996"),
    TickTable("TWSE", "government_bond", _OLD, make_bands((0, 500)), "Art. 62, text of 1996-12-26"),
    TickTable("TWSE", "warrant", date(2005, 3, 1), _WARRANT, "general knowledge", verified=False),
    TickTable("TWSE", "convertible", date(2005, 3, 1), _CONVERTIBLE, "general knowledge", verified=False),
    TickTable("TWSE", "block", date(2005, 4, 4), make_bands((0, 100)), "BL Art. 3-1; date unverified", verified=False),
    TickTable("SSE", "stock", date(1997, 1, 1), make_bands((0, 100)), "trading rules: A shares 0.01 yuan"),
    TickTable("SSE", "fund", date(2003, 3, 3), make_bands((0, 10)), "trading rules: funds 0.001; date unverified"),
)


def tick_table(market: str, family: str, day: date) -> TickTable:
    """The tick table of a product family in force on a day."""
    rows = (row for row in TICK_TABLES if row.market == market and row.family == family)
    return row_in_force(rows, day, f"ticks of {market} {family}")


def _band_at(table: TickTable, price: int) -> TickBand:
    at = bisect_right(table.bands, price, key=lambda band: band.from_price)
    return table.bands[max(at - 1, 0)]


def tick_at(table: TickTable, price: int) -> int:
    """The tick of the band a price falls in; below the first tick, the first tick."""
    return _band_at(table, price).tick


def is_on_tick(table: TickTable, price: int) -> bool:
    """Whether a price exists: at least the first tick, and a multiple of the tick of its band."""
    return price >= table.first_tick and price % _band_at(table, price).tick == 0


def floor_tick(table: TickTable, value: int | Fraction) -> int:
    """The highest valid price not above `value`; below the first tick there is none, which is an error."""
    price = floor(value)
    if price < table.first_tick:
        raise ValueError(f"no valid price is at or below {value}: the first tick is {table.first_tick}")
    return price - price % _band_at(table, price).tick


def ceil_tick(table: TickTable, value: int | Fraction) -> int:
    """The lowest valid price not below `value`."""
    price = max(ceil(value), table.first_tick)
    tick = _band_at(table, price).tick
    # A band starts on a multiple of the tick below it, so rounding up never jumps over that start.
    return -(-price // tick) * tick


def nearest_tick(table: TickTable, value: int | Fraction, half: HalfWay = HalfWay.UP) -> int:
    """The valid price nearest to `value`; the half-way rule is unverified and therefore a parameter."""
    above = ceil_tick(table, value)
    if value <= table.first_tick:
        return above
    below = floor_tick(table, value)
    gap = (above - value) - (value - below)
    if gap == 0:
        return above if half is HalfWay.UP else below
    return above if gap < 0 else below


def tick_ordinal(table: TickTable, price: int) -> int:
    """The number of a valid price, counted from the first tick, which is 1."""
    if not is_on_tick(table, price):
        raise ValueError(f"price {price} is not on the tick table {table.market} {table.family} of {table.since}")
    band = _band_at(table, price)
    return band.first_ordinal + (price - band.from_price) // band.tick


def price_of_ordinal(table: TickTable, ordinal: int) -> int:
    """The valid price with this number; the inverse of `tick_ordinal`."""
    if ordinal < 1:
        raise ValueError(f"ordinal {ordinal} is below 1, the number of the first tick")
    at = bisect_right(table.bands, ordinal, key=lambda band: band.first_ordinal)
    band = table.bands[at - 1]
    return band.from_price + (ordinal - band.first_ordinal) * band.tick
