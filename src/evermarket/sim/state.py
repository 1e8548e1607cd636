"""The arrays the kernels of the flow work on: one row a security, pending actions, tables of the day.

Units: `fair` is a price number times 65 536 (so a step smaller than a tick adds up); times are nanoseconds since the
epoch, slots are seconds from the day's start. Invariants: integers only; every table is built with integer
arithmetic from the configuration and the calibration, so it is the same on every machine.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from evermarket.sim.kernels import Ints, Small

FAIR_BITS: Final = 16
LOOKUP: Final = 1 << 15
"""Entries of a table that draws a security by its popularity."""

STREAMS: Final = 8
CLASSES: Final = 3
"""Sizes: cheap, middle, dear."""


class Stream(IntEnum):
    """Where an arrival goes; the first six are the segments less one."""

    REGULAR = 0
    ODD_LOT = 1
    ODD_LOT_AFTER = 2
    FIXED_PRICE = 3
    BLOCK = 4
    BLOCK_PAIRED = 5
    QUOTE = 6
    REQUEST = 7


class Stage(IntEnum):
    """What the regular books of a session are doing in a slot."""

    SHUT = 0
    BEFORE_OPEN = 1
    CONTINUOUS = 2
    PERIODIC = 3
    CLOSING = 4


class Act(IntEnum):
    """What a pending action does."""

    CANCEL = 1
    REDUCE = 2
    REPRICE = 3
    PAIR = 4
    QUOTE = 5


class Bad(IntEnum):
    """Deliberate defects; the core must refuse each."""

    TICK = 1
    ABOVE_LIMIT = 2
    ZERO = 3
    TOO_MANY = 4
    DUPLICATE = 5
    UNKNOWN_INSTRUMENT = 6
    NOT_LIVE = 7
    NEVER_GIVEN = 8


BAD_KINDS: Final = 8

SHEET: Final = np.dtype(
    [
        ("fair", "i8"),
        ("ratio", "i8"),
        ("shock_step", "i8"),
        ("reference", "i8"),
        ("instrument", "i8"),
        ("table", "i8"),
        ("session", "i8"),
        ("reference_number", "i8"),
        ("low_number", "i8"),
        ("high_number", "i8"),
        ("limited", "i8"),
        ("sigma", "i8"),
        ("beta", "i8"),
        ("gap", "i8"),
        ("size_class", "i8"),
        ("fine", "i8"),
        ("lot", "i8"),
        ("market", "i8"),
        ("immediate", "i8"),
        ("underlying", "i8"),
        ("provider_line", "i8"),
        ("scale", "i8"),
        ("per_bp", "i8"),
        ("shock_left", "i8"),
    ]
)
"""One security. `gap`: ticks between the fair price and the best price on each side beyond the first; `underlying`
a row or -1; `ratio` millionths of its price move, negative for a put; `fine` 1 where a tick is below 5 bp; `scale`
permille by which calibrated distances shrink where a tick is larger than in the data; `per_bp` ticks a basis point,
16 bits of fraction."""

PENDING: Final = np.dtype(
    [
        ("time", "i8"),
        ("next", "i8"),
        ("row", "i8"),
        ("number", "i8"),
        ("qty", "i8"),
        ("order_no", "u4"),
        ("account", "u4"),
        ("extra", "u4"),
        ("line", "u2"),
        ("attributes", "u2"),
        ("act", "u1"),
        ("side", "u1"),
        ("stream", "u1"),
        ("chain", "u1"),
    ]
)
"""One action that will happen: a list a slot, linked through `next`; free ones are linked too."""

WHO: Final = np.dtype([("line", "u2"), ("attributes", "u2"), ("first_account", "u4"), ("accounts", "i8")])
"""Who sends an order: drawn at random, as often as its member's share says."""

WHO_ROWS: Final = 1 << 13

SHOCK: Final = np.dtype([("slot", "i8"), ("row", "i8"), ("step", "i8"), ("length", "i8")])
"""News: from `slot` on the fair price of a row moves by `step` a second, `length` seconds long."""


class Tables(NamedTuple):
    """What stays as it is all day."""

    bands: Ints
    lookup: Small
    who: np.ndarray[tuple[int], np.dtype[np.void]]
    shocks: np.ndarray[tuple[int], np.dtype[np.void]]
    counts: Ints
    """[stream, slot] arrivals."""
    stages: Ints
    """[session, slot] Stage; session 0 continuous, 1 periodic."""
    ends: Ints
    """[stream] last moment at which anything may be sent."""
    gaps: Ints
    lives: Ints
    lots: Ints
    distances: Ints
    overreach: Ints
    opening: Ints
    odd: Ints
    rates: Ints
    """Configured shares; index by Rate."""
    speeds: Ints
    """[slot] how lively prices are, permille; 0: they stand still."""


class State(NamedTuple):
    """What changes from command to command."""

    sheet: np.ndarray[tuple[int], np.dtype[np.void]]
    pending: np.ndarray[tuple[int], np.dtype[np.void]]
    wheel: Ints
    """[slot] first action and number of actions."""
    heap: Ints
    moments: Ints
    """Scratch: when the arrivals of a second come in."""
    left: Ints
    """Scratch: arrivals of each stream still to come in this second."""
    ids: Ints
    """[line] last client order id."""
    counters: Ints
    rng: Ints
    world: Ints
    """Random numbers of the fair prices, apart from those of the orders."""


class Rate(IntEnum):
    """Places in `Tables.rates`; permille unless named otherwise."""

    MARKETABLE_COARSE = 0
    MARKETABLE_FINE = 1
    MARKET = 2
    IOC = 3
    FOK = 4
    LIMIT_PRICE = 5
    ROUND = 6
    CANCELLED = 7
    REDUCE = 8
    REPRICE = 9
    LATE = 10
    BAD_PER_MILLION = 11
    BURST = 12


class Count(IntEnum):
    """Places in the counters that the kernels keep."""

    NEXT_ORDER_NO = 0
    FREE = 1
    """First free pending action, -1 if none."""
    NEXT_SHOCK = 2
    LAST_ROW = 3
    """The security of the last order: bursts stay with it."""
    PAIR = 4
    KILLED_NO = 5
    """An IOC order that is gone for sure, its line, row and attributes."""
    KILLED_LINE = 6
    KILLED_ROW = 7
    KILLED_ATTRIBUTES = 8
    SKIPPED = 9
    """Cancels not sent because the order must have traded."""
    ROUND_ROBIN = 10
    FREE_LEFT = 11
    OUT = 12
    """Commands written to the buffer."""
    HEAP = 13
    """Actions in the heap of this second."""
    BAD = 16
    """The first of the counters of deliberate defects, by Bad."""
    SIZE = 32
