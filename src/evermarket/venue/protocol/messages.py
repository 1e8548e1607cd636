"""What goes between cores. Seat messages are in seat.py; members' connections carry records (docs/sessions.md).

The network may lose, double, delay and reorder all of them.
"""

from dataclasses import dataclass

from evermarket.venue.protocol.frames import Frame
from evermarket.venue.protocol.seat import SeatAnswer, SeatRequest


@dataclass(frozen=True, slots=True)
class Replicate:
    """The owner's frames behind `after_index`, where its chain is `after_chain`. Without frames: a heartbeat."""

    epoch: int
    after_index: int
    after_chain: bytes
    frames: tuple[Frame, ...]
    released_index: int


@dataclass(frozen=True, slots=True)
class Ack:
    """The follower has the owner's journal up to `index`, synced. `is_clean`: its comparison found no difference."""

    epoch: int
    index: int
    chain: bytes
    is_clean: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """The frames do not follow what the follower has; send those behind `have_index`."""

    epoch: int
    have_index: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The fence (rule 2): `epoch` is over for this core, it has promised `promised`."""

    epoch: int
    promised: int


Message = Replicate | Ack | Behind | Refused | SeatRequest | SeatAnswer
