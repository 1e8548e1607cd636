"""Daily limits of warrants (認購售權證) and of securities with warrants: by formula, not by a rate.

Source: TWSE warrant trading rules (WR) Art. 7; securities with warrants as TPEx's page TPX states them. W1 is the
worked example. Units: prices in 1/10 000 currency unit, exercise ratios and index values exact fractions.
Invariants: rounded inward on the warrant's own ticks; never below one tick of the warrant.
**Unverified**: the rounding, the floor of one tick, and the index warrant's rate (7 % in the text of 2008).
"""

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction

import msgspec

from evermarket.rulebook.limits import DailyLimits
from evermarket.rulebook.ticks import TickTable, ceil_tick, floor_tick


class WarrantKind(Enum):
    """Right to buy (認購) or right to sell (認售)."""

    CALL = "call"
    PUT = "put"


class UnderlyingMove(msgspec.Struct, frozen=True):
    """One underlying on the day: its reference, its limits, and units of it for each warrant (行使比例)."""

    reference: int
    limit_up: int
    limit_down: int
    ratio: Fraction

    @property
    def up_move(self) -> Fraction:
        """What the warrant gains when the underlying goes from its reference to its upper limit."""
        return (self.limit_up - self.reference) * self.ratio

    @property
    def down_move(self) -> Fraction:
        """What the warrant loses when the underlying goes from its reference to its lower limit."""
        return (self.reference - self.limit_down) * self.ratio


def _inward(table: TickTable, up: Fraction, down: Fraction) -> DailyLimits:
    # The first tick is the floor of both sides: a warrant worth 0.01 keeps a price it can trade at.
    return DailyLimits(up=floor_tick(table, max(up, Fraction(table.first_tick))), down=ceil_tick(table, down))


def single_warrant_limits(
    table: TickTable, reference: int, kind: WarrantKind, underlying: UnderlyingMove
) -> DailyLimits:
    """One stock or domestic ETF: a call follows the underlying's move up and down, a put mirrors it."""
    up_move, down_move = underlying.up_move, underlying.down_move
    if kind is WarrantKind.PUT:
        up_move, down_move = down_move, up_move
    return _inward(table, reference + up_move, reference - down_move)


def basket_warrant_limits(table: TickTable, reference: int, legs: Sequence[UnderlyingMove]) -> DailyLimits:
    """A basket: the larger of the summed up-moves and the summed down-moves holds in both directions."""
    ups = sum((leg.up_move for leg in legs), Fraction(0))
    downs = sum((leg.down_move for leg in legs), Fraction(0))
    move = max(ups, downs)
    return _inward(table, reference + move, reference - move)


def index_warrant_limits(
    table: TickTable, reference: int, *, index_close: Fraction, point_value: int, ratio: Fraction, rate: Fraction
) -> DailyLimits:
    """An index: close x value of a point (in price units) x exercise ratio x rate; the rate is unverified."""
    move = index_close * point_value * ratio * rate
    return _inward(table, reference + move, reference - move)


def with_warrants_limits(table: TickTable, reference: int, rate: Fraction, underlying: UnderlyingMove) -> DailyLimits:
    """Preferred shares or bonds with warrants attached: the own rate plus the warrant's move."""
    up = reference * (1 + rate) + underlying.up_move
    return _inward(table, up, reference * (1 - rate) - underlying.down_move)
