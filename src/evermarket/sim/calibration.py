"""The calibrated parameters of the simulation, read from `calibration.toml`.

Source: made by `evermarket.sim.calibrate` from real order flow; each field's statistic stands beside it and becomes
the comment in the file. Units: in each name. Invariants: quantile lists are sorted, so a uniform index draws from
the distribution.
"""

import textwrap
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

CALIBRATION_FILE: Final = Path(__file__).with_name("calibration.toml")


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where orders stand against the best prices."""

    marketable_permille: int
    overreach_ticks: tuple[int, ...]
    distance_ticks: tuple[int, ...]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    opening_permille: int
    closing_permille: int
    curve_permille: tuple[int, ...]
    second_percent: tuple[int, ...]
    gap_permille: tuple[int, ...]
    lots_cheap: tuple[int, ...]
    lots_middle: tuple[int, ...]
    lots_dear: tuple[int, ...]
    coarse: Placement
    fine: Placement
    cancelled_permille: int
    life_ms: tuple[int, ...]
    opening_bp: tuple[int, ...]
    spread_ticks: tuple[int, ...]
    move_bp: tuple[int, ...]
    odd_shares: tuple[int, ...]
    rank_offset: int


SOURCES: Final = {
    "opening_permille": "share of the day's orders in the opening call auction; l2_sse, three stocks",
    "closing_permille": "share of the day's orders in the closing call auction; l2_sse, three stocks",
    "curve_permille": "orders by 1/54 of the continuous session over their mean; l2_sse, three stocks",
    "second_percent": "orders of one second over the mean of its five minutes, quantiles; l2_sse 605580",
    "gap_permille": "gap to the next order over the mean of its hundred neighbours, quantiles; l2_sse 605580",
    "lots_cheap": "order size in lots, price near 15, quantiles; l2_sse 605580",
    "lots_middle": "order size in lots, price near 50, quantiles; l2_sse 600536",
    "lots_dear": "order size in lots, price near 1800, quantiles; l2_sse 600519",
    "cancelled_permille": "share of orders that did not reach the other side and were cancelled; 605580, 600536",
    "life_ms": "time from entry to cancel of those, quantiles; l2_sse 605580, 600536",
    "opening_bp": "reach of opening orders beyond the call's median price, own side positive, quantiles; l2_sse",
    "spread_ticks": "median spread of each stock, narrowest first; sse_snapshots, 30 stocks",
    "move_bp": "0.6 x (high - low) / low of a day, quantiles; tw_reference stock_day, six stocks",
    "odd_shares": "mean shares of an odd-lot trade by security, quantiles; tw_reference intraday_odd_lot",
    "rank_offset": "q of the popularity 1 / (rank + q): share of trades of the first tenth; intraday_odd_lot",
    "coarse": "placement where a tick is 5 bp of the price or more; l2_sse 605580 (7 bp)",
    "fine": "placement where a tick is less; l2_sse 600536 (2 bp)",
    "marketable_permille": "orders that reach the other side's best price when they come in",
    "overreach_ticks": "how far those reach beyond it, quantiles",
    "distance_ticks": "the others' distance behind their own side's best price (negative: better), quantiles",
}
"""The statistic behind each field."""


@cache
def calibration() -> Calibration:
    """The shipped parameters."""
    return msgspec.convert(tomllib.loads(CALIBRATION_FILE.read_text("utf-8")), Calibration)


def as_toml(values: Calibration) -> str:
    """The file: each value below the statistic it came from."""
    head = "# Written by `python -m evermarket.sim.calibrate`. Derived parameters only; docs/simulation.md explains.\n"
    plain, tables = [], []
    for name in values.__struct_fields__:
        value = getattr(values, name)
        if isinstance(value, Placement):
            rows = "".join(_entry(field, getattr(value, field)) for field in value.__struct_fields__)
            tables.append(f"\n# {SOURCES[name]}\n[{name}]\n{rows.lstrip()}")
        else:
            plain.append(_entry(name, value))
    return head + "".join(plain) + "".join(tables)


def _entry(name: str, value: int | tuple[int, ...]) -> str:
    comment = f"\n# {SOURCES[name]}\n"
    if isinstance(value, int):
        return f"{comment}{name} = {value}\n"
    body = textwrap.fill(", ".join(map(str, value)) + ",", 116, initial_indent="  ", subsequent_indent="  ")
    return f"{comment}{name} = [\n{body}\n]\n"
