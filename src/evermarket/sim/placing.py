"""Where an order's price goes: against the fair price, by the distributions of real order flow.

Source: `calibration.toml` (placement against the best prices, reach of opening orders, sizes). The generator has no
book: it takes the ticks around the fair price for the best prices. Units: price numbers; side 1 buys, 2 sells.
Invariants: the result lies between the row's lowest and highest number.
"""

from typing import Final

from evermarket.core.jit import kernel
from evermarket.records.kinds import OrdType, Tif
from evermarket.sim.kernels import Ints, below, draw, number_of, price_of
from evermarket.sim.state import FAIR_BITS, Rate, Stage, State, Tables

LIMIT_ROD: Final = int(OrdType.LIMIT) << 3 | int(Tif.ROD)
LIMIT_IOC: Final = int(OrdType.LIMIT) << 3 | int(Tif.IOC)
LIMIT_FOK: Final = int(OrdType.LIMIT) << 3 | int(Tif.FOK)
MARKET_ROD: Final = int(OrdType.MARKET) << 3 | int(Tif.ROD)
MARKET_IOC: Final = int(OrdType.MARKET) << 3 | int(Tif.IOC)
MARKET_FOK: Final = int(OrdType.MARKET) << 3 | int(Tif.FOK)

REACHES: Final = 1 << 8
"""Set in the type of an order that means to reach the other side."""

_COARSE: Final = int(Rate.MARKETABLE_COARSE)
_MARKET: Final = int(Rate.MARKET)
_IOC: Final = int(Rate.IOC)
_FOK: Final = int(Rate.FOK)
_LIMIT_PRICE: Final = int(Rate.LIMIT_PRICE)
_ROUND: Final = int(Rate.ROUND)
_CONTINUOUS: Final = int(Stage.CONTINUOUS)
_BEFORE_OPEN: Final = int(Stage.BEFORE_OPEN)
_FAR_TICKS: Final = 5
_FAIR_BITS: Final = FAIR_BITS


@kernel
def choose_type(tables: Tables, rng: Ints, reaches: bool, market: int, immediate: int) -> int:
    """Order type and time in force, as type * 8 + time in force."""
    if not reaches or immediate == 0:
        return LIMIT_ROD
    roll = below(rng, 1000)
    rates = tables.rates
    if roll < rates[_MARKET]:
        if market == 0:
            return LIMIT_ROD
        kind = below(rng, 20)
        return MARKET_ROD if kind < 10 else MARKET_IOC if kind < 17 else MARKET_FOK
    roll -= rates[_MARKET]
    if roll < rates[_IOC]:
        return LIMIT_IOC
    return LIMIT_FOK if roll < rates[_IOC] + rates[_FOK] else LIMIT_ROD


@kernel
def place(state: State, tables: Tables, row: int, side: int, stage: int) -> int:
    """The price number of a regular order; REACHES << 32 is added where it means to reach the other side."""
    one = state.sheet[row]
    rng = state.rng
    sign = 1 if side == 1 else -1
    fair = one["fair"] >> _FAIR_BITS
    if one["limited"] and below(rng, 1000) < tables.rates[_LIMIT_PRICE]:
        return (one["high_number"] if side == 1 else one["low_number"]) | REACHES << 32  # type: ignore[no-any-return]
    if stage != _CONTINUOUS:
        return clamp(state, row, fair + sign * _call_reach(state, tables, row, stage))
    own = fair - one["gap"] if side == 1 else fair + 1 + one["gap"]
    other = fair + 1 + one["gap"] if side == 1 else fair - one["gap"]
    fine = one["fine"]
    if below(rng, 1000) < tables.rates[_COARSE + fine]:
        reach = tables.overreach[fine, below(rng, tables.overreach.shape[1])]
        return clamp(state, row, other + sign * reach) | REACHES << 32
    distance = tables.distances[fine, below(rng, tables.distances.shape[1])]
    if distance > 1:
        distance = 1 + (distance - 1) * one["scale"] // 1000
    number = own - sign * distance
    if (other - number) * sign <= 0:
        number = other - sign
    if distance >= _FAR_TICKS and below(rng, 1000) < tables.rates[_ROUND]:
        number = rounder(tables.bands, one["table"], number)
    return clamp(state, row, number)


@kernel
def _call_reach(state: State, tables: Tables, row: int, stage: int) -> int:
    """Ticks by which an order of a call auction goes beyond the fair price."""
    points = tables.opening[below(state.rng, len(tables.opening))]
    if stage != _BEFORE_OPEN:
        points //= 8  # later calls have a price to look at
    return (points * state.sheet[row]["per_bp"]) >> 16  # type: ignore[no-any-return]


@kernel
def clamp(state: State, row: int, number: int) -> int:
    """Into the day's range of the row."""
    one = state.sheet[row]
    return min(max(number, one["low_number"]), one["high_number"])  # type: ignore[no-any-return]


@kernel
def rounder(bands: Ints, table: int, number: int) -> int:
    """The number of the next rounder price below: a multiple of ten ticks."""
    if number < 1:
        return number
    price = price_of(bands, table, number)
    band = 0
    while bands[table, band + 1, 0] <= price:
        band += 1
    rounded = price - price % (10 * bands[table, band, 1])
    return number_of(bands, table, rounded) if rounded > 0 else number


@kernel
def choose_lots(state: State, tables: Tables, row: int) -> int:
    """Lots of an order, with the round numbers people like."""
    return tables.lots[state.sheet[row]["size_class"], draw(state.rng) & 255]  # type: ignore[no-any-return]


@kernel
def choose_shares(tables: Tables, rng: Ints) -> int:
    """Shares of an odd-lot order: one in four a round number, the rest around the mean of odd-lot trades."""
    kind = below(rng, 36)
    if kind < 9:
        return (1, 2, 5, 10, 20, 50, 100, 200, 500)[kind]
    mean = tables.odd[below(rng, len(tables.odd))]
    return min(999, 1 + mean * below(rng, 1000) // 1000 + mean * below(rng, 1000) // 1000)  # type: ignore[no-any-return]


@kernel
def choose_life(tables: Tables, rng: Ints) -> int:
    """Nanoseconds from entry to what happens next."""
    at = below(rng, len(tables.lives) - 1)
    low, high = tables.lives[at], tables.lives[at + 1]
    return low * 1_000_000 + (high - low) * below(rng, 1_000_000)  # type: ignore[no-any-return]
