"""The venue's clock: real time, or a market day that runs faster or at another date. All processes share its terms.

A clock only proposes: the owner's sequencer stamps, and its stamps never go back (protocol, rule 10).
"""

import time

import msgspec


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Market time = `market_ns` + (real time - `real_ns`) * `speed`. Times in UTC nanoseconds since 1970."""

    real_ns: int = 0
    market_ns: int = 0
    speed: int = 1

    def now_ns(self) -> int:
        """Market time now."""
        return self.market_ns + (time.time_ns() - self.real_ns) * self.speed

    def real_at(self, market_ns: int) -> int:
        """The real time at which the market's clock shows `market_ns`."""
        return self.real_ns + -(-(market_ns - self.market_ns) // self.speed)

    def wait_s(self, market_ns: int) -> float:
        """Seconds until then; 0 if it has passed."""
        return max(0, self.real_at(market_ns) - time.time_ns()) / 1e9


REAL = Clock()
"""The clock of the wall."""
