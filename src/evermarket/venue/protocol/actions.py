"""What a core's shell is asked to do. Disk actions are done in the order given, each whole before the next.

The shell answers where an event is named; the first disk action that fails is answered with DiskFailed, and nothing
behind it is done (rule 9).
"""

from dataclasses import dataclass

from evermarket.venue.protocol.frames import Frame, Order
from evermarket.venue.protocol.messages import Message

# --- the disk -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Append:
    """Write these frames behind the journal's end."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Sync:
    """Make everything up to `index` durable, then step Synced with the same two values."""

    index: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Promise:
    """Write the promise of an epoch durably, then step Promised (rule 2)."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SideFile:
    """Keep frames that are about to leave the journal, durably (rule 8)."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class CutTail:
    """Take off the journal what lies behind frame `index`, which ends at `position`."""

    index: int
    position: int


# --- the matching core ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """Match a batch; positions begin at `first`. Answer: Matched, or MatchFailed with the state as it was."""

    orders: tuple[Order, ...]
    first: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Make the block that refuses an order which the core cannot bear, without asking the core. Answer: Matched."""

    order: Order
    first: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Shadow:
    """A follower's core matches frame `index` too; step Shadowed with its digest."""

    index: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class Restore:
    """Make the core's state that after frame `index` of the journal."""

    index: int


# --- the world ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    to: str
    message: Message


@dataclass(frozen=True, slots=True)
class Release:
    """These frames are safe: market data, clearing and files may have them. Reports to lines are sent beside."""

    epoch: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Step Beat once, after this time."""

    delay_ms: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A person should know."""

    text: str


@dataclass(frozen=True, slots=True)
class Halt:
    """This core has stopped for good and needs a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """G: a member is told; order and outcome are final."""

    message: Message


DiskAction = Append | Sync | Promise | SideFile | CutTail
CoreAction = Match | Quarantine | Shadow | Restore
Action = DiskAction | CoreAction | Send | Release | SetTimer | Alarm | Halt | Deliver
