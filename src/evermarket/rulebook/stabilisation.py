"""Price stabilisation (瞬間價格穩定措施): parameters as dated rows, who is exempt, and the exact band test.

Source: TWSE Operating Rules Art. 58-3 para. 6, 7 (interruption) and 8 (pre-open, pre-close check), Art. 58-9 (periodic
auctions), OL Art. 8-1 (odd lots); VI21, PO, CL12, DISP26. Exactly the threshold is inside the band.
Units: thresholds in permille, lengths in seconds, prices in 1/10 000 currency unit. The reference may be an average, so
it comes as a fraction sum(P x Q) / sum(Q) and is never rounded.
**Unverified**: length of a periodic postponement (120 s); the para. 8 exemption below NT$1 and in a new listing's
first days (a flag of the instrument, `exempt_of_check`); the denominator's instant of the 30 % rule.
"""

from datetime import date, time
from enum import Enum
from typing import Final

import msgspec

from evermarket.rulebook.dated import row_in_force

EXEMPT_BELOW: Final = 10_000
"""An opening reference below this price (NT$1) is not stabilised."""


class VolatilityRule(msgspec.Struct, frozen=True):
    """Interruption of continuous trading: threshold, averaging window, length, and when it stops on the day."""

    since: date
    threshold_permille: int
    window_s: int
    duration_s: int
    ends: time
    source: str


class CheckRule(msgspec.Struct, frozen=True):
    """A check of simulated prices in the last minute before the open or the close."""

    since: date
    threshold_permille: int
    window_s: int
    postponement_s: int
    entry_resumes_s: int
    cancelled_share_permille: int | None
    source: str


class PeriodicRule(msgspec.Struct, frozen=True):
    """A periodic or odd-lot match that moves too far from the previous trade price waits once."""

    since: date
    threshold_permille: int
    postponement_s: int
    ends: time
    source: str


class DispositionRule(msgspec.Struct, frozen=True):
    """Disposition (處置): matching interval and length, first time and again within 30 business days."""

    since: date
    interval_first_s: int
    interval_again_s: int
    length_days: int
    length_day_trade_days: int
    source: str


VOLATILITY_RULES: Final = (
    VolatilityRule(date(2020, 3, 23), 35, 300, 120, time(13, 20), "Art. 58-3 para. 6, 7"),
    VolatilityRule(date(2021, 6, 28), 35, 300, 120, time(13, 25), "VI21"),
)
OPEN_CHECKS: Final = (
    CheckRule(date(2015, 6, 29), 35, 60, 120, 0, None, "TPI"),
    CheckRule(date(2023, 3, 20), 35, 60, 120, 0, 300, "PO: also 30 % cancelled or changed"),
)
CLOSE_CHECKS: Final = (CheckRule(date(2012, 2, 20), 35, 60, 180, 60, None, "CL12; Art. 58-3 para. 8"),)
PERIODIC_RULES: Final = (PeriodicRule(date(2020, 3, 23), 35, 120, time(13, 25), "Art. 58-9; 120 s unverified"),)
ODD_LOT_RULES: Final = (
    PeriodicRule(date(2020, 10, 26), 35, 120, time(13, 20), "OL Art. 8-1"),
    PeriodicRule(date(2021, 6, 28), 35, 120, time(13, 25), "OL Art. 8-1; VI21"),
)
DISPOSITION_RULES: Final = (
    DispositionRule(date(2014, 1, 1), 300, 1_200, 10, 12, "DP Art. 6"),
    DispositionRule(date(2026, 8, 10), 120, 120, 5, 7, "DISP26, secondary"),
)


def volatility_rule(day: date) -> VolatilityRule:
    """The interruption's parameters on a day."""
    return row_in_force(VOLATILITY_RULES, day, "TWSE volatility interruption")


def open_check(day: date) -> CheckRule:
    """The pre-open check's parameters on a day."""
    return row_in_force(OPEN_CHECKS, day, "TWSE pre-open check")


def close_check(day: date) -> CheckRule:
    """The pre-close check's parameters on a day."""
    return row_in_force(CLOSE_CHECKS, day, "TWSE pre-close check")


def periodic_rule(day: date) -> PeriodicRule:
    """The periodic auctions' stabilisation on a day."""
    return row_in_force(PERIODIC_RULES, day, "TWSE periodic stabilisation")


def odd_lot_rule(day: date) -> PeriodicRule:
    """The intraday odd lots' stabilisation on a day."""
    return row_in_force(ODD_LOT_RULES, day, "TWSE odd-lot stabilisation")


def disposition_rule(day: date) -> DispositionRule:
    """Disposition intervals and lengths on a day; a security's own daily file row goes before them."""
    return row_in_force(DISPOSITION_RULES, day, "TWSE disposition")


def is_outside_band(price: int, value: int, quantity: int, threshold_permille: int) -> bool:
    """Whether |price / (value / quantity) - 1| is above the threshold, compared exactly.

    A single reference price R is value R, quantity 1; an average is the sums of price x quantity and of quantity.
    """
    return abs(price * quantity - value) * 1000 > threshold_permille * value


def is_order_flow_disturbed(rule: CheckRule, changed: int, before: int) -> bool:
    """Pre-open check (b): quantity cancelled and changed in the minute against the stock's order quantity."""
    if rule.cancelled_share_permille is None or before <= 0:
        return False
    return changed * 1000 >= rule.cancelled_share_permille * before


class Exemption(Enum):
    """Why an instrument is not stabilised."""

    LOW_PRICE = "opening reference below NT$1"
    NO_LIMITS = "new listing without price limits"
    WARRANT = "call or put warrant, stock warrant"
    CALL_AUCTION_ONLY = "corporate bond, call auctions only"
    PERIODIC = "periodic auctions have their own stabilisation"
    LONG_INTERVAL = "odd lots of a security with extended intervals"


class StabilisationFacts(msgspec.Struct, frozen=True):
    """What decides the exemptions of one instrument on one day."""

    reference: int
    without_limits: bool = False
    warrant: bool = False
    call_auction_only: bool = False
    periodic: bool = False
    exempt_of_check: bool = False


def volatility_exemption(facts: StabilisationFacts) -> Exemption | None:
    """Why para. 6 does not apply, or None when it does."""
    if facts.reference < EXEMPT_BELOW:
        return Exemption.LOW_PRICE
    if facts.without_limits:
        return Exemption.NO_LIMITS
    if facts.warrant:
        return Exemption.WARRANT
    if facts.call_auction_only:
        return Exemption.CALL_AUCTION_ONLY
    return Exemption.PERIODIC if facts.periodic else None


def check_exemption(facts: StabilisationFacts) -> Exemption | None:
    """Why para. 8 does not apply: warrants always; low prices and new listings only by the instrument's flag."""
    if facts.warrant:
        return Exemption.WARRANT
    if not facts.exempt_of_check:
        return None
    return Exemption.NO_LIMITS if facts.without_limits else Exemption.LOW_PRICE


def odd_lot_exemption(facts: StabilisationFacts) -> Exemption | None:
    """Why OL Art. 8-1 does not apply, or None when it does."""
    if facts.reference < EXEMPT_BELOW:
        return Exemption.LOW_PRICE
    if facts.without_limits:
        return Exemption.NO_LIMITS
    return Exemption.LONG_INTERVAL if facts.periodic else None
