"""The tables of a day: arrivals by second, who trades, which security, the calibrated distributions.

Source: calibration.toml; shares of members, investors and channels are assumptions named in docs/simulation.md.
Units: slots are seconds from 08:00, the first thing of the day. Invariants: the arrivals of the day add up to the
configured number exactly; integers only.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from evermarket.records.kinds import Channel, Investor, Segment
from evermarket.records.units import SECOND_NS
from evermarket.sim.board import Security
from evermarket.sim.calibration import Calibration, calibration
from evermarket.sim.config import SimulationConfig
from evermarket.sim.hours import Hours
from evermarket.sim.kernels import Dice, Ints, Small
from evermarket.sim.members import Line
from evermarket.sim.state import LOOKUP, STREAMS, WHO, WHO_ROWS, Rate, Stage, Stream

BURST_PERMILLE: Final = 350
"""Orders that go to the same security as the one before: an assumption."""

_INVESTORS: Final = (
    (Investor.PERSON, Channel.INTERNET, 52),
    (Investor.PERSON, Channel.VOICE, 6),
    (Investor.PERSON, Channel.NORMAL, 8),
    (Investor.FOREIGN, Channel.DMA, 16),
    (Investor.FOREIGN, Channel.NORMAL, 4),
    (Investor.FUND, Channel.API, 4),
    (Investor.INSTITUTION, Channel.API, 4),
    (Investor.DEALER, Channel.API, 6),
)
"""Investors and channels, percent: an assumption."""

_SEGMENT: Final = {
    Stream.ODD_LOT: Segment.ODD_LOT,
    Stream.ODD_LOT_AFTER: Segment.ODD_LOT_AFTER,
    Stream.FIXED_PRICE: Segment.FIXED_PRICE,
    Stream.BLOCK: Segment.BLOCK,
    Stream.BLOCK_PAIRED: Segment.BLOCK_PAIRED,
}


def as_ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def apportion(weights: list[int], seats: int) -> list[int]:
    """Seats by weight, at least one for each weight above 0; the largest gives or takes what rounding leaves."""
    total = sum(weights)
    shares = [max(1, seats * weight // total) if weight > 0 else 0 for weight in weights]
    while (over := sum(shares) - seats) != 0:
        largest = shares.index(max(shares))
        shares[largest] -= min(over, shares[largest] // 2) if over > 0 else over
    return shares


def make_lookup(board: list[Security]) -> Small:
    """For each stream the securities it can go to, as often as they are popular."""
    lookup = np.zeros((STREAMS, LOOKUP), np.int32)
    for stream in Stream:
        if stream in _SEGMENT:
            weights = [one.popularity if _SEGMENT[stream] in one.segments else 0 for one in board]
        elif stream == Stream.QUOTE:
            weights = [int(one.provider > 0) for one in board]
        elif stream == Stream.REQUEST:
            weights = [one.popularity if one.provider else 0 for one in board]
        else:
            weights = [one.popularity for one in board]
        lookup[stream] = np.repeat(np.arange(len(board), dtype=np.int32), apportion(weights, LOOKUP))
    return lookup


def make_who(lines: list[Line], seed: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Who sends: line, investor, channel, and the accounts of the member."""
    dice = Dice(seed, 5)
    who = np.zeros(WHO_ROWS, WHO)
    at = 0
    for line, seats in zip(lines, apportion([line.weight for line in lines], WHO_ROWS), strict=True):
        for _ in range(seats):
            kind = int(dice.pick({str(i): row[2] for i, row in enumerate(_INVESTORS)}))
            investor, channel, _ = _INVESTORS[kind]
            who[at]["line"] = line.line
            who[at]["attributes"] = investor << 7 | channel << 10
            who[at]["first_account"] = 1_000_000 + line.member * 5_000
            who[at]["accounts"] = max(50, min(4_999, line.weight // 20))
            at += 1
    return who


def stream_totals(config: SimulationConfig) -> dict[Stream, int]:
    """Arrivals of the day by stream; a paired block counts as one arrival and two orders."""
    orders = config.orders
    totals = {
        Stream.ODD_LOT: orders * config.odd_permille // 1000,
        Stream.ODD_LOT_AFTER: orders * config.odd_after_permille // 1000,
        Stream.FIXED_PRICE: orders * config.fixed_permille // 1000,
        Stream.BLOCK: orders * config.block_permille // 1000,
        Stream.BLOCK_PAIRED: orders * config.paired_permille // 2000,
        Stream.QUOTE: orders * config.quotes_permille // 1000,
        Stream.REQUEST: orders * config.requests_permille // 1000,
    }
    special = sum(totals[stream] for stream in _SEGMENT) + totals[Stream.BLOCK_PAIRED]
    totals[Stream.REGULAR] = orders - special
    return totals


def make_counts(config: SimulationConfig, hours: Hours) -> Ints:
    """Arrivals of each stream in each second."""
    dice = Dice(config.seed, 6)
    noise = calibration().second_percent
    lively = as_ints(100 + noise[dice.below(len(noise))] for _ in range(hours.slots))
    counts = np.zeros((STREAMS, hours.slots), np.int64)
    for stream, total in stream_totals(config).items():
        weights = _weights(stream, hours, calibration()) * lively // 100
        ends = np.cumsum(weights)
        counts[stream] = np.diff(total * ends // max(1, int(ends[-1])), prepend=0)
    return counts


def _weights(stream: Stream, hours: Hours, real: Calibration) -> Ints:
    """How busy a stream is in each second."""
    weights = np.zeros(hours.slots, np.int64)
    if stream == Stream.REGULAR:
        weights[hours.pre_open : hours.open] = _call_shape(hours.open - hours.pre_open, real.opening_permille)
        length = hours.closing - hours.open
        curve = _stretch(real.curve_permille, length)
        share = 1000 - real.opening_permille - real.closing_permille
        weights[hours.open : hours.closing] = curve * share // 10 * 16_000 // length
        weights[hours.closing : hours.close] = _call_shape(hours.close - hours.closing, real.closing_permille)
    elif stream == Stream.ODD_LOT:
        weights[hours.open : hours.close] = _stretch(real.curve_permille, hours.close - hours.open)
    else:
        for first, last in hours.windows(stream):
            weights[first:last] = 1000
    return weights


def _call_shape(length: int, share: int) -> Ints:
    """A burst at the first seconds of a call, a rise in its last minute; adds up to share x 1 600 000."""
    shape = np.full(length, 10, np.int64)
    shape[:5] = 300
    shape[-60:] = 40
    return shape * share * 1_600_000 // int(shape.sum())


def _stretch(curve: tuple[int, ...], length: int) -> Ints:
    at = np.arange(length, dtype=np.int64) * len(curve) // length
    return as_ints(curve)[at]


def make_stages(hours: Hours) -> Ints:
    """What the regular books of both sessions do in each second."""
    stages = np.full((2, hours.slots), Stage.SHUT, np.int64)
    stages[:, hours.pre_open : hours.open] = Stage.BEFORE_OPEN
    stages[0, hours.open : hours.closing] = Stage.CONTINUOUS
    stages[1, hours.open : hours.closing] = Stage.PERIODIC
    stages[:, hours.closing : hours.close] = Stage.CLOSING
    return stages


def make_speeds(hours: Hours) -> Ints:
    """How lively prices are: as busy as orders are, within bounds."""
    speeds = np.zeros(hours.slots, np.int64)
    speeds[hours.pre_open : hours.open] = 300
    curve = _stretch(calibration().curve_permille, hours.close - hours.open)
    speeds[hours.open : hours.close] = np.clip(700 + curve * 3 // 10, 800, 2000)
    return speeds


def make_ends(hours: Hours, start: int) -> Ints:
    """When each stream may send for the last time."""
    return as_ints(start + hours.end_of(stream) * SECOND_NS for stream in Stream)


def make_rates(config: SimulationConfig) -> Ints:
    """The shares by Rate."""
    real = calibration()
    rates = {
        Rate.MARKETABLE_COARSE: real.coarse.marketable_permille,
        Rate.MARKETABLE_FINE: real.fine.marketable_permille,
        Rate.MARKET: config.market_permille,
        Rate.IOC: config.ioc_permille,
        Rate.FOK: config.fok_permille,
        Rate.LIMIT_PRICE: config.limit_price_permille,
        Rate.ROUND: config.round_permille,
        Rate.CANCELLED: real.cancelled_permille,
        Rate.REDUCE: config.reduce_permille,
        Rate.REPRICE: config.reprice_permille,
        Rate.LATE: config.late_permille,
        Rate.BAD_PER_MILLION: config.bad_per_million,
        Rate.BURST: BURST_PERMILLE,
    }
    return as_ints(rates[rate] for rate in Rate)
