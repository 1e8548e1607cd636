"""What a core's shell is asked to do. Disk actions are done in the order given, each whole before the next; so are the
core's, beside them.

The shell answers where an event is named; the first disk action that fails is answered with DiskFailed, and nothing
behind it is done (rule 9).
"""

from dataclasses import dataclass, field

from evermarket.records import Records
from evermarket.records.session import Parting
from evermarket.venue.protocol.frames import Block, Frame
from evermarket.venue.protocol.messages import Message

# --- the disk -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Append:
    """Write these frames behind the journal's end: a block's records, then its seal; a mark's seal."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Sync:
    """Make everything up to frame `index` durable, then step Synced with the same two values."""

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
    """Work a batch. Times and order numbers are stamped, positions of the stream begin at `first`.

    `commands` are the node's: not to be written to. Answer: Matched or MatchFailed with the same `batch`.
    """

    batch: int
    commands: Records = field(repr=False)
    first: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Answer a command (with its texts) that the core cannot bear with REJECTED, code GUARDED. Answer: Matched."""

    batch: int
    commands: Records = field(repr=False)
    first: int


@dataclass(frozen=True, slots=True)
class Shadow:
    """A follower's core works the commands of frame `index` too (it takes GUARDED over); answer: Shadowed."""

    index: int
    block: Block


@dataclass(frozen=True, slots=True)
class Restore:
    """Make the core's state that after frame `index` of the journal, whatever it worked since."""

    index: int


# --- members --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tell:
    """Send these 64-byte records on a connection, as they are. `more`: step Drained when there is room for more."""

    connection: str
    records: Records = field(repr=False)
    more: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """End a connection once what was told is sent. Why was told already: LOG_OFF with this code, or FENCED (None)."""

    connection: str
    parting: Parting | None


# --- the world ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    to: str
    message: Message


@dataclass(frozen=True, slots=True)
class Release:
    """These frames are safe: market data, clearing and files may have them. What lines are told comes beside."""

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


DiskAction = Append | Sync | Promise | SideFile | CutTail
CoreAction = Match | Quarantine | Shadow | Restore
MemberAction = Tell | Close
Action = DiskAction | CoreAction | MemberAction | Send | Release | SetTimer | Alarm | Halt
