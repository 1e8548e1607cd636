"""Duties of liquidity providers and market makers: parameters as rows, and each measurement as a pure function.

Source: ETFs SEED 6, 6-1, ETFLP Art. 5, 6; ETNs ETNLP Art. 8; warrants WLP Art. 4, 6, 7; stocks SMM Art. 4.
Units: prices in 1/10 000 currency unit, value in the same unit (price x shares), quantities in shares, times in
seconds, ratios in permille. A spread is (lowest ask - highest bid) / lowest ask, compared exactly; the limit itself is
kept.
Known gaps: the fold over a day's quotes that feeds these functions, and the duties each contract fixes for itself
(participation, sizes while postponed, maximum spread of a warrant), live where the contract is known.
"""

from enum import Enum
from fractions import Fraction
from typing import Final

import msgspec

LOT: Final = 1_000
_DOLLAR: Final = 10_000


class FundKind(Enum):
    """Which monthly limits an ETF has."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"
    """Any foreign component, or a futures ETF."""


class FundDuty(msgspec.Struct, frozen=True):
    """An ETF's monthly limits: how long a breach must last to count, and how many are allowed."""

    one_sided_s: int
    spread_permille: int
    spread_s: int
    breaches_max: int
    together: bool
    """Whether both kinds share `breaches_max` or each has it."""


FUND_DUTIES: Final = {
    FundKind.DOMESTIC: FundDuty(180, 10, 600, 2, together=False),
    FundKind.FOREIGN: FundDuty(600, 30, 600, 6, together=True),
}


class NotCounted(msgspec.Struct, frozen=True):
    """Circumstances under which an ETF provider's breach does not count; all False is the usual state."""

    bid_at_limit_up: bool = False
    ask_at_limit_down: bool = False
    market_price_displayed: bool = False
    matching_postponed: bool = False
    foreign_market_closed: bool = False

    @property
    def excused(self) -> bool:
        """Whether any of them holds."""
        return any(msgspec.structs.astuple(self))


def spread(bid: int, ask: int) -> Fraction:
    """(lowest unfilled ask - highest unfilled bid) / lowest unfilled ask, exact."""
    if ask <= 0 or bid <= 0:
        raise ValueError(f"a spread needs two prices above 0, not bid {bid} and ask {ask}")
    return Fraction(ask - bid, ask)


def is_spread_kept(bid: int, ask: int, spread_permille: int) -> bool:
    """Whether the displayed spread is at most the limit."""
    return (ask - bid) * 1000 <= spread_permille * ask


def is_fund_spread_breach(kind: FundKind, bid: int, ask: int, lasting_s: int, unless: NotCounted) -> bool:
    """A spread above the kind's limit for longer than its time, unless excused."""
    duty = FUND_DUTIES[kind]
    return not unless.excused and lasting_s > duty.spread_s and not is_spread_kept(bid, ask, duty.spread_permille)


def is_one_sided_breach(kind: FundKind, bid: int | None, ask: int | None, lasting_s: int, unless: NotCounted) -> bool:
    """One side displayed alone for longer than the kind's time, unless excused; an empty book is another matter."""
    one_sided = (bid is None) != (ask is None)
    return one_sided and not unless.excused and lasting_s > FUND_DUTIES[kind].one_sided_s


def is_month_failed(kind: FundKind, one_sided_breaches: int, spread_breaches: int) -> bool:
    """Domestic: each kind at most twice a month; foreign or futures: both together at most six times."""
    duty = FUND_DUTIES[kind]
    if duty.together:
        return one_sided_breaches + spread_breaches > duty.breaches_max
    return max(one_sided_breaches, spread_breaches) > duty.breaches_max


class QuoteSize(msgspec.Struct, frozen=True):
    """A size duty: at least `lots`, or at least `value` where that is given."""

    lots: int
    value: int | None = None

    def is_met(self, price: int, quantity: int) -> bool:
        """Whether a side of `quantity` shares at `price` is large enough by either measure."""
        return quantity >= self.lots * LOT or (self.value is not None and price * quantity >= self.value)


class NoteDuty(msgspec.Struct, frozen=True):
    """ETN provider: two-sided at least every `every_s`, standing `standing_s` unless the indicative value moved."""

    every_s: int = 300
    standing_s: int = 30
    spread_domestic_permille: int = 10
    spread_foreign_permille: int = 30
    size: QuoteSize = QuoteSize(100, 1_000_000 * _DOLLAR)
    size_reduced: QuoteSize = QuoteSize(10)


def note_quote_size(duty: NoteDuty, *, foreign_closed: bool, seconds_to_close: int, premium_case: bool) -> QuoteSize:
    """Ten lots suffice with 30 % of the weight's markets closed, in the last five minutes, or in the premium case."""
    reduced = foreign_closed or premium_case or seconds_to_close <= 300
    return duty.size_reduced if reduced else duty.size


class WarrantDuty(msgspec.Struct, frozen=True):
    """Warrant provider from five minutes after the open: response to requests, or active quoting."""

    starts_after_open_s: int = 300
    response_within_s: int = 300
    response_standing_s: int = 60
    active_every_s: int = 300
    active_standing_s: int = 30
    bid_size: QuoteSize = QuoteSize(100, 100_000 * _DOLLAR)
    bid_size_reduced: QuoteSize = QuoteSize(10)
    ask_size: QuoteSize = QuoteSize(10)
    last_days_bid_only: int = 15


WARRANT_DUTY: Final = WarrantDuty()
NOTE_DUTY: Final = NoteDuty()


def warrant_bid_size(
    duty: WarrantDuty, *, underlying_restricted: bool, open_s: int, seconds_to_close: int
) -> QuoteSize:
    """Reduced when the underlying is illiquid or under disposition, in minutes 5 to 15, and in the last five."""
    reduced = underlying_restricted or 300 <= open_s < 900 or seconds_to_close <= 300
    return duty.bid_size_reduced if reduced else duty.bid_size


def is_response_kept(duty: WarrantDuty, asked_s: int, quoted_s: int | None, withdrawn_s: int | None) -> bool:
    """A request is answered in time and the quote stood its minute; None is never quoted or never withdrawn."""
    if quoted_s is None or quoted_s - asked_s > duty.response_within_s:
        return False
    return withdrawn_s is None or withdrawn_s - quoted_s >= duty.response_standing_s


def is_active_kept(every_s: int, standing_s: int, since_last_quote_s: int, stood_s: int, *, value_moved: bool) -> bool:
    """Active quoting (warrants) and ETNs: often enough, and standing unless the underlying value moved."""
    return since_last_quote_s <= every_s and (value_moved or stood_s >= standing_s)


def is_tick_spread_kept(ticks_between: int, ticks_max: int) -> bool:
    """A warrant's spread is limited in ticks by its issuer: count them with tick ordinals."""
    return ticks_between <= ticks_max


class WarrantSides(Enum):
    """Which sides a warrant provider owes."""

    NONE = "none"
    BID_ONLY = "bid only"
    BOTH = "both"


def warrant_sides(
    duty: WarrantDuty,
    *,
    open_s: int,
    underlying_halted: bool,
    units_short: bool,
    days_to_last: int,
    listed: bool = False,
) -> WarrantSides:
    """No duty in the first five minutes, with the underlying halted, or by the issuer's own list (`listed`)."""
    if open_s < duty.starts_after_open_s or underlying_halted or listed:
        return WarrantSides.NONE
    if units_short or days_to_last < duty.last_days_bid_only:
        return WarrantSides.BID_ONLY
    return WarrantSides.BOTH


class MakerDuty(msgspec.Struct, frozen=True):
    """Stock market maker (SMM Art. 4)."""

    spread_permille: int = 30
    size: QuoteSize = QuoteSize(5, 200_000 * _DOLLAR)
    time_permille: int = 500
    days_permille: int = 800


MAKER_DUTY: Final = MakerDuty()


def is_maker_quote_valid(duty: MakerDuty, bid: int, bid_quantity: int, ask: int, ask_quantity: int) -> bool:
    """Spread at most 3 % of the ask and both sides large enough."""
    sized = duty.size.is_met(bid, bid_quantity) and duty.size.is_met(ask, ask_quantity)
    return sized and is_spread_kept(bid, ask, duty.spread_permille)


def is_maker_day_kept(duty: MakerDuty, valid_s: int, session_s: int, excluded_s: int) -> bool:
    """Valid at least half of the time, less the limit, market-price and postponed periods."""
    return valid_s * 1000 >= duty.time_permille * (session_s - excluded_s)


def is_maker_month_kept(duty: MakerDuty, days_kept: int, trading_days: int) -> bool:
    """At least 80 % of the days."""
    return days_kept * 1000 >= duty.days_permille * trading_days
