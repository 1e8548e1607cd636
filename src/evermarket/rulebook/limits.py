"""Daily price limits (漲跌停): the highest and lowest price an order may carry on a day.

Source: TWSE Operating Rules Art. 63; Art. 67 (ex-days: limits from the unrounded value). SSE trading rules, price
limits: previous close x (1 +- rate), rounded half up to the tick, at least one tick from the previous close.
The official row of 2330 on 2024-06-13 (reference 905.50, limits 996 / 815, opening basis 906) confirms the unrounded
base: from the basis 906 the lower limit would be 816. L1, L2, L5, L6, E2 are the published or derived examples.
Units: prices in 1/10 000 currency unit; rates are exact fractions.
Invariants: limit down <= base <= limit up for a base on tick; TWSE rounds inward, in the band of the result.
**Unverified**: 5 % on TWSE bonds; SSE fund rate of every fund; SSE risk-warning stocks at 10 % since 2026-07-06
(secondary source); dates of the SSE no-limit days. Whether an ex-day value finer than a cent enters the limits in
full or rounded to the cent is not in the text either; here it enters in full.
Known gaps: SSE's first-day 44 % rule before 2023-04-10.
"""

from datetime import date
from fractions import Fraction
from typing import Final

import msgspec

from evermarket.rulebook.dated import row_in_force
from evermarket.rulebook.money import round_half_up
from evermarket.rulebook.ticks import TickTable, ceil_tick, floor_tick, tick_at


class LimitRate(msgspec.Struct, frozen=True):
    """The dated limit rate of one market and one kind, and how many first listing days have no limit."""

    market: str
    kind: str
    since: date
    permille: int
    free_days: int = 0
    verified: bool = True


class DailyLimits(msgspec.Struct, frozen=True):
    """The day's limits; None on both sides says that the instrument has none, which is never the same as 0."""

    up: int | None
    down: int | None

    def admits(self, price: int) -> bool:
        """Whether an order at this price is inside."""
        return (self.up is None or price <= self.up) and (self.down is None or price >= self.down)


NO_LIMITS: Final = DailyLimits(None, None)

LIMIT_RATES: Final[tuple[LimitRate, ...]] = (
    LimitRate("TWSE", "equity", date(1989, 10, 11), 70, free_days=5, verified=False),
    LimitRate("TWSE", "equity", date(2015, 6, 1), 100, free_days=5),
    LimitRate("TWSE", "fund", date(1989, 10, 11), 70, verified=False),
    LimitRate("TWSE", "fund", date(2015, 6, 1), 100),
    LimitRate("TWSE", "bond", date(1996, 12, 26), 50, verified=False),
    LimitRate("SSE", "main", date(1996, 12, 16), 100, verified=False),
    LimitRate("SSE", "main", date(2023, 4, 10), 100, free_days=5, verified=False),
    LimitRate("SSE", "risk_warning", date(1998, 4, 22), 50, verified=False),
    LimitRate("SSE", "risk_warning", date(2026, 7, 6), 100, verified=False),
    LimitRate("SSE", "star", date(2019, 7, 22), 200, free_days=5, verified=False),
    LimitRate("SSE", "fund", date(1996, 12, 16), 100, verified=False),
)


def limit_rate(market: str, kind: str, day: date) -> LimitRate:
    """The limit rate row in force on a day."""
    rows = (row for row in LIMIT_RATES if row.market == market and row.kind == kind)
    return row_in_force(rows, day, f"price limit of {market} {kind}")


def is_without_limits(rate: LimitRate, *, listing_day: int | None = None, foreign_component: bool = False) -> bool:
    """First days of a new common listing (`listing_day` counts from 1), or a fund with any foreign component."""
    newly_listed = listing_day is not None and listing_day <= rate.free_days
    return newly_listed or foreign_component


def inward_limits(table: TickTable, base: int | Fraction, rate: Fraction, *, multiple: int = 1) -> DailyLimits:
    """TWSE: largest valid price not above base x (1 + rate), smallest not below base x (1 - rate).

    `multiple` is the leverage of a leveraged or inverse fund with domestic components only; its sign does not matter.
    """
    return move_limits(table, base, base, rate * abs(multiple))


def move_limits(table: TickTable, up_base: int | Fraction, down_base: int | Fraction, rate: Fraction) -> DailyLimits:
    """Inward limits with a base for each side: a cash issue has the close above and the ex-value below (Art. 67)."""
    up_move = max(up_base * rate, Fraction(tick_at(table, int(up_base))))
    down_move = max(down_base * rate, Fraction(tick_at(table, int(down_base))))
    down = ceil_tick(table, down_base - down_move)  # never below the first tick
    return DailyLimits(up=floor_tick(table, up_base + up_move), down=down)


def half_up_limits(table: TickTable, previous_close: int, rate: Fraction) -> DailyLimits:
    """SSE: rounded half up to the tick; at least one tick from the previous close; never below one tick."""
    tick = tick_at(table, previous_close)
    up = round_half_up(previous_close * (1 + rate) / tick) * tick
    down = round_half_up(previous_close * (1 - rate) / tick) * tick
    return DailyLimits(
        up=max(up, previous_close + tick),
        down=max(min(down, previous_close - tick), table.first_tick),
    )


def limits_of_day(
    market: str, kind: str, table: TickTable, base: int | Fraction, day: date, *, multiple: int = 1
) -> DailyLimits:
    """The limits of an instrument that has them, by its market's rounding and the rate in force on `day`."""
    rate = Fraction(limit_rate(market, kind, day).permille, 1000)
    if market == "SSE":
        return half_up_limits(table, round_half_up(base), rate * abs(multiple))
    return inward_limits(table, base, rate, multiple=multiple)
