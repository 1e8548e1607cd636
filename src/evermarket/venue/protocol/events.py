"""What a shell steps a node or a gate with."""

from dataclasses import dataclass

from evermarket.venue.protocol.frames import Frame, Outcome
from evermarket.venue.protocol.messages import Message


@dataclass(frozen=True, slots=True)
class Started:
    """A new life: what recovery read from the journal (all of it durable), and the promise beside it."""

    frames: tuple[Frame, ...]
    promised: int


@dataclass(frozen=True, slots=True)
class Received:
    sender: str
    message: Message


@dataclass(frozen=True, slots=True)
class Beat:
    """The timer that SetTimer asked for."""


@dataclass(frozen=True, slots=True)
class Synced:
    index: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Promised:
    epoch: int


@dataclass(frozen=True, slots=True)
class DiskFailed:
    """A write, sync or checksum failed; it is not tried again."""

    what: str


@dataclass(frozen=True, slots=True)
class Matched:
    """The batch that Match or Quarantine asked for."""

    last: int
    digest: int
    payload: bytes
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class MatchFailed:
    """The core refused or crashed; its state is that before the batch."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    index: int
    digest: int


@dataclass(frozen=True, slots=True)
class SwitchRequested:
    """Somebody asks this core to take over (rule 6 decides)."""

    by: str


@dataclass(frozen=True, slots=True)
class SwitchForced:
    """Two people ask a core to take over that rule 6 would refuse."""

    by: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DropRequested:
    """Somebody asks the owner to go on without a follower (rule 4)."""

    member: str
    by: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """G: the member sends an order."""

    payload: bytes


NodeEvent = (
    Started
    | Received
    | Beat
    | Synced
    | Promised
    | DiskFailed
    | Matched
    | MatchFailed
    | Shadowed
    | SwitchRequested
    | SwitchForced
    | DropRequested
)
GateEvent = Received | Beat | Ordered
