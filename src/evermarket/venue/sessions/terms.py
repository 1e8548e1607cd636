"""What a door knows before anybody speaks: the core it stands before, and the day."""

from dataclasses import dataclass, field
from typing import Final

from evermarket.records.kinds import Make
from evermarket.records.units import SECOND_NS

HEARTBEAT_MS: Final = 1_000
LOG_ON_NS: Final = 5 * SECOND_NS
"""How long a connection may stay without LOG_ON."""

SILENT_BEATS: Final = 3
WAITING_MAX: Final = 8 * 2**20
"""Bytes that may wait for a member beyond what its connection holds."""

REPLAY_BYTES: Final = 2**20
"""So much of an old flow is handed over at a time; the next when it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Constants of one core in one epoch. `rate`: commands a second of a member's line, 0: no limit; `relays`: the
    addresses (16 bytes each) whose first record says who is behind them."""

    epoch: int
    trading_day: int
    secret: bytes = field(repr=False)
    make: Make = Make.PRIMARY
    is_owner: bool = True
    rate: int = 0
    heartbeat_ms: int = HEARTBEAT_MS
    log_on_ns: int = LOG_ON_NS
    waiting_max: int = WAITING_MAX
    relays: frozenset[bytes] = frozenset()
