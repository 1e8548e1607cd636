"""Fair prices: a walk of each security once a second, common moves of the market, news, and what derives from others.

Invariants: a fair price stays inside the day's limits (or 30 % of the reference where there are none); an underlying's
row stands before what derives from it. Units: price numbers times 65 536.
Known gaps: one common factor; no jumps of the whole market.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import entry, kernel
from evermarket.records.units import NO_PRICE
from evermarket.sim.kernels import Ints, below, normal, number_of, price_of
from evermarket.sim.state import FAIR_BITS, Count

_NEXT_SHOCK: Final = int(Count.NEXT_SHOCK)
_NO_PRICE: Final = NO_PRICE
_ONE: Final = 1 << FAIR_BITS
_SPREAD_OF_TWO: Final = 209
"""Standard deviation of the sum of two `normal` draws."""

Rows = npt.NDArray[np.void]


@kernel
def start_shocks(sheet: Rows, shocks: Rows, counters: Ints, slot: int) -> None:
    """News due at this slot begins to move its security."""
    at = counters[_NEXT_SHOCK]
    while at < len(shocks) and shocks[at]["slot"] <= slot:
        row = shocks[at]["row"]
        sheet[row]["shock_step"] = shocks[at]["step"]
        sheet[row]["shock_left"] = shocks[at]["length"]
        at += 1
    counters[_NEXT_SHOCK] = at


@kernel
def walk(sheet: Rows, bands: Ints, rng: Ints, speed_permille: int) -> None:
    """One second for every security; `speed_permille` is how lively this part of the day is."""
    market = normal(rng)
    for row in range(len(sheet)):
        one = sheet[row]
        if one["underlying"] >= 0:
            follow(sheet, bands, row)
            continue
        noise = one["beta"] * market // 1000 + normal(rng)
        step = one["sigma"] * noise // _SPREAD_OF_TWO * speed_permille // 1000
        if one["shock_left"] > 0:
            step += one["shock_step"]
            one["shock_left"] -= 1
        fair = one["fair"] + step
        low, high = one["low_number"] * _ONE, one["high_number"] * _ONE + _ONE - 1
        one["fair"] = min(max(fair, low), high)


@kernel
def follow(sheet: Rows, bands: Ints, row: int) -> None:
    """A warrant or convertible moves with its underlying's price."""
    one = sheet[row]
    parent = sheet[one["underlying"]]
    moved = price_of(bands, parent["table"], parent["fair"] >> FAIR_BITS) - parent["reference"]
    price = one["reference"] + moved * one["ratio"] // 1_000_000
    number = number_of(bands, one["table"], max(price, bands[one["table"], 0, 0]))
    number = min(max(number, one["low_number"]), one["high_number"])
    one["fair"] = number * _ONE + _ONE // 2


@entry
def pull(sheet: Rows, bands: Ints, last_prices: Ints) -> int:
    """A quarter of the way to the last trade of each security that has one and no news; counts them."""
    moved = 0
    for row in range(len(sheet)):
        one = sheet[row]
        price = last_prices[one["instrument"]]
        if price == _NO_PRICE or one["shock_left"] > 0 or one["underlying"] >= 0:
            continue
        number = min(max(number_of(bands, one["table"], price), one["low_number"]), one["high_number"])
        one["fair"] += (number * _ONE + _ONE // 2 - one["fair"]) // 4
        moved += 1
    return moved


@kernel
def pick_row(lookup: npt.NDArray[np.int32], stream: int, rng: Ints) -> int:
    """A security of a stream, as often as its popularity says."""
    return lookup[stream, below(rng, lookup.shape[1])]  # type: ignore[no-any-return]
