"""What every kernel of the simulation uses: the random numbers, prices as numbers of their table.

Random numbers: multiply-with-carry in one int64, 32 bits a draw (Marsaglia's multiplier, period near 2^62). Every
step stays below 2^63, so compiled code, plain Python and any machine give the same bits. No float is used.
Prices: a price has a *number*, the count of valid prices up to it (docs/format.md, section 5.4). `bands` is an array
(table, band, 3) of first price, tick and first number; unused bands have a first number no price reaches.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import entry, kernel
from evermarket.records.mixer import K0, finish

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]

MULTIPLIER: Final = 2_131_995_753
MASK32: Final = 0xFFFF_FFFF
BANDS_MAX: Final = 16
NO_BAND: Final = 2**62


@kernel
def draw(rng: Ints) -> int:
    """The next 32 random bits."""
    state = rng[0]
    state = MULTIPLIER * (state & MASK32) + (state >> 32)
    rng[0] = state
    return state & MASK32  # type: ignore[no-any-return]


@kernel
def below(rng: Ints, bound: int) -> int:
    """A number from 0 to `bound` - 1; `bound` is below 2^31."""
    return (draw(rng) * bound) >> 32


@kernel
def normal(rng: Ints) -> int:
    """Nearly normal around 0 with a standard deviation of 148: four random bytes added up."""
    bits = draw(rng)
    return (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24) - 510


@kernel
def price_of(bands: Ints, table: int, number: int) -> int:
    """The price with a number of a tick table."""
    band = 0
    while band + 1 < BANDS_MAX and bands[table, band + 1, 2] <= number:
        band += 1
    return bands[table, band, 0] + (number - bands[table, band, 2]) * bands[table, band, 1]  # type: ignore[no-any-return]


@entry
def number_of(bands: Ints, table: int, price: int) -> int:
    """The number of the highest valid price not above `price`; 0 or less below the first tick."""
    band = 0
    while band + 1 < BANDS_MAX and bands[table, band + 1, 0] <= price:
        band += 1
    return bands[table, band, 2] + (price - bands[table, band, 0]) // bands[table, band, 1]  # type: ignore[no-any-return]


def seeded(seed: int, purpose: int) -> Ints:
    """The state of a generator of its own for one purpose."""
    state = finish((seed + 1) * K0 ^ finish(purpose))
    low, carry = state & MASK32, (state >> 32) % (MULTIPLIER - 2)
    number = (carry + 1) << 32 | low
    for _ in range(8):
        number = MULTIPLIER * (number & MASK32) + (number >> 32)
    return np.array([number], np.int64)


class Dice:
    """The same generator for the few draws outside the kernels."""

    def __init__(self, seed: int, purpose: int) -> None:
        self._state = int(seeded(seed, purpose)[0])

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        self._state = MULTIPLIER * (self._state & MASK32) + (self._state >> 32)
        return (self._state & MASK32) * bound >> 32

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, weights: dict[str, int]) -> str:
        """One key, as often as its weight says."""
        at = self.below(sum(weights.values()))
        for key, weight in weights.items():
            at -= weight
            if at < 0:
                return key
        raise AssertionError("weights are positive")
