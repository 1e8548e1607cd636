"""What a shell steps a node with."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from evermarket.records import Records
from evermarket.records.session import Resume
from evermarket.venue.protocol.frames import Frame
from evermarket.venue.protocol.messages import Message


@dataclass(frozen=True, slots=True)
class Started:
    """A new life: what recovery read from the journal (all of it durable), and the promise beside it.

    `frames` is gone through once and may be a reader; the node keeps the last ones only.
    """

    frames: Iterable[Frame]
    promised: int


@dataclass(frozen=True, slots=True)
class Received:
    """From another core or the seat; the network may lose, double and reorder."""

    sender: str
    message: Message


@dataclass(frozen=True, slots=True)
class Beat:
    """The timer that SetTimer asked for."""


# --- the disk and the core ------------------------------------------------------------------------------------------


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
    """What batch number `batch` gave: each command with its position, followed by its events; the state digest after.

    The node keeps `records`: they are in one piece and nobody writes to them again.
    """

    batch: int
    records: Records = field(repr=False)
    digest: int


@dataclass(frozen=True, slots=True)
class MatchFailed:
    """The core refused or crashed on batch number `batch`."""

    batch: int


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A follower's core worked the frame that Shadow named, and this is its digest."""

    index: int
    chain: bytes
    digest: int


# --- people ---------------------------------------------------------------------------------------------------------


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


# --- members' connections (docs/sessions.md) -----------------------------------------------------------------------
# A connection is an ordered, reliable stream that may break at any moment. Its name is never used again in this life.


@dataclass(frozen=True, slots=True)
class Opened:
    """A log-on whose record, day and proof were found good; `after_position` is LOG_ON's `position`.

    `wish`: bits of Wish; `rate` goes into LOGGED_ON, `address` into the NOTICE for who holds the line already.
    """

    connection: str
    line: int
    resume: Resume = Resume.RESUME
    after_position: int = 0
    wish: int = 0
    rate: int = 0
    address: bytes = bytes(16)


@dataclass(frozen=True, slots=True)
class Said:
    """Commands in the order they came, the session's own records (kinds from 224) and throttled ones taken out.

    The node keeps parts of `commands`: nobody writes to them again.
    """

    connection: str
    commands: Records = field(repr=False)


@dataclass(frozen=True, slots=True)
class Drained:
    """The connection has room for what `Tell.more` announced."""

    connection: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The connection has ended: its end of file, LOG_OFF, silence, or a reader too slow. Not after Close, and not when
    this core ends in good order."""

    connection: str


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
    | Opened
    | Said
    | Drained
    | Gone
)
