"""What a simulated day is made from. The command stream is a function of these fields and of nothing else.

Units: permille of the orders unless the name says otherwise; seconds where it ends in `_s`.
Invariants: `orders` is the exact number of NEW commands; cancels, changes, quotes and requests come on top of it.
"""

from datetime import date
from typing import Final, Literal

import msgspec

Scenario = Literal["quiet", "normal", "stress"]

MEMBERS_MAX: Final = 900
FIRST_DAY: Final = 20_210_720
INSTRUMENTS_MIN: Final = 40
INSTRUMENTS_MAX: Final = 8_000


class SimulationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a day depends on."""

    seed: int = 1
    members: int = 80
    orders: int = 200_000
    instruments: int = 1_200
    trading_day: int = 20_261_120
    """yyyymmdd; decides which dated rules hold."""
    scenario: Scenario = "normal"

    odd_permille: int = 70
    odd_after_permille: int = 8
    fixed_permille: int = 5
    block_permille: int = 1
    paired_permille: int = 1
    quotes_permille: int = 80
    """QUOTE commands per thousand orders, on top of them."""
    requests_permille: int = 2
    """QUOTE_REQUEST commands per thousand orders, on top of them."""

    market_permille: int = 60
    """Market orders among the orders of continuous trading that reach the other side."""
    ioc_permille: int = 200
    fok_permille: int = 60
    """IOC and FOK among the orders that reach the other side."""
    limit_price_permille: int = 12
    """Orders at the day's limit price, to be sure of a trade."""
    round_permille: int = 300
    """Passive orders far from the market that move to a rounder price."""
    reduce_permille: int = 60
    reprice_permille: int = 140
    """Of the changes to an order that would be a cancel, those that reduce or re-price it first."""
    late_permille: int = 15
    """Orders that reached the other side whose owner asks for a cancel all the same."""

    volatility_percent: int = 100
    shocks: int = 12
    """News that moves one security by several percent within seconds."""
    shock_permille: int = 60
    """Size of an average shock."""
    bad_per_million: int = 2_000
    """Orders with a deliberate defect that the core must refuse."""

    indicate_s: int = 5
    """How often simulated prices are told while orders collect; 0: never."""
    disposition_s: int = 120
    altered_s: int = 1_800
    bond_s: int = 300
    """Intervals of the periodic call auctions of three groups."""
    batch: int = 32_768
    """Commands a batch holds about. It does not change the stream unless prices are fed back."""

    def __post_init__(self) -> None:
        if not 1 <= self.members <= MEMBERS_MAX:
            raise ValueError(f"members {self.members} is not between 1 and {MEMBERS_MAX}")
        if not INSTRUMENTS_MIN <= self.instruments <= INSTRUMENTS_MAX:
            raise ValueError(f"instruments {self.instruments} is not between {INSTRUMENTS_MIN} and {INSTRUMENTS_MAX}")
        if not 0 <= self.orders <= 1_000_000_000:
            raise ValueError(f"orders {self.orders} is not between 0 and 1000000000")
        if self.trading_day < FIRST_DAY:
            raise ValueError(
                f"trading_day {self.trading_day} is before {FIRST_DAY}, the board's first with all products"
            )
        _ = self.day  # raises for a day no calendar has
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is negative")

    @property
    def day(self) -> date:
        """The trading day."""
        return date(self.trading_day // 10_000, self.trading_day // 100 % 100, self.trading_day % 100)


_SCENARIOS: Final[dict[Scenario, dict[str, int]]] = {
    "quiet": {"volatility_percent": 60, "shocks": 2, "bad_per_million": 500},
    "normal": {},
    "stress": {"volatility_percent": 250, "shocks": 120, "shock_permille": 80, "bad_per_million": 10_000},
}


def preset(scenario: Scenario, **changes: int) -> SimulationConfig:
    """The configuration of a scenario, with any field changed."""
    return SimulationConfig(scenario=scenario, **{**_SCENARIOS[scenario], **changes})
