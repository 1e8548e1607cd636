"""The result of one provider in one instrument on one day: its figures and its breaches.

Units: durations and times ns, spreads in millionths of the ask, shares of time in permille.
"""

from enum import Enum

import msgspec

from evermarket.duty.contract import Family
from evermarket.duty.seen import OwnOrder, OwnTrade
from evermarket.rulebook import liquidity as law


class BreachKind(Enum):
    """What a provider owed and did not do."""

    ONE_SIDED = "one-sided display"
    SPREAD = "spread too wide"
    POSTPONED_SIZE = "size while matching is postponed"
    ACTIVE = "no active quote"
    RESPONSE = "no answer to a request"
    VALID_TIME = "valid quoting time"
    ROUNDS = "matching rounds"


class Breach(msgspec.Struct, frozen=True):
    """One shortfall, from when to when."""

    kind: BreachKind
    start: int
    end: int


class Measure(msgspec.Struct, kw_only=True):
    """One provider in one instrument on one day."""

    instrument: int
    code: str
    name: str
    issuer: str
    member: int
    account: int
    family: Family
    fund: law.FundKind
    session_ns: int = 0
    counted_ns: int = 0
    excused_ns: dict[str, int] = {}
    one_sided_ns: int = 0
    """Longest unexcused run."""
    empty_ns: int = 0
    spread_ppm: int | None = None
    """Time-weighted over the counted time with two sides displayed."""
    wide_ns: int = 0
    """Longest unexcused run above the limit (funds)."""
    two_sided_ns: int = 0
    valid_ns: int = 0
    rounds: int = 0
    rounds_present: int = 0
    postponed_ns: int = 0
    postponed_short_ns: int = 0
    requests: int = 0
    responses_kept: int = 0
    response_ns: list[int] = []
    """Time to a valid quote of each request that found one; 0: it stood already."""
    quotes: int = 0
    short_quotes: int = 0
    """Valid quotes withdrawn before their time without a reason."""
    gap_ns: int = 0
    """Longest counted time without a valid quote that stood."""
    refused_tif: int = 0
    breaches: list[Breach] = []
    orders: list[OwnOrder] = []
    trades: list[OwnTrade] = []

    def count(self, kind: BreachKind) -> int:
        """How many breaches of a kind."""
        return sum(breach.kind is kind for breach in self.breaches)

    @property
    def valid_permille(self) -> int:
        """Valid time as a share of the counted time, rounded down."""
        return self.valid_ns * 1000 // self.counted_ns if self.counted_ns else 0

    def is_time_kept(self) -> bool:
        """A market maker's day: valid for at least half of the counted time (SMM Art. 4)."""
        # in ns, so that no fraction of a second decides
        return law.is_maker_day_kept(law.MAKER_DUTY, self.valid_ns, self.counted_ns, 0)
