"""What goes between cores, and between a core and G. Seat messages are in seat.py.

The network may lose, double, delay and reorder all of them.
"""

from dataclasses import dataclass

from evermarket.venue.protocol.frames import Frame, Order, Outcome
from evermarket.venue.protocol.seat import SeatAnswer, SeatRequest

# --- owner and follower ---------------------------------------------------------------------------------------------


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


# --- G and a core ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogOn:
    """G asks for a line's flow behind `after_position`. `connection` grows with each attempt of this line."""

    line: int
    connection: int
    after_position: int


@dataclass(frozen=True, slots=True)
class LoggedOn:
    """The owner's answer: its epoch and the highest id of the line in its journal."""

    epoch: int
    connection: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Submit:
    """An order, the `number`-th of this connection: a connection is a stream, without gap or repeat."""

    connection: int
    number: int
    order: Order


@dataclass(frozen=True, slots=True)
class Report:
    """One outcome of a line's flow. `previous`: the position of the one before, so that a gap shows."""

    epoch: int
    previous: int
    outcome: Outcome
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class NeverReceived:
    """An id below the line's last that no journal holds: stated, not left to be guessed."""

    epoch: int
    order_id: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The line is alive: its last released position, and how many submits of this connection came in order."""

    epoch: int
    connection: int
    last_position: int
    received: int


@dataclass(frozen=True, slots=True)
class Fenced:
    """This core does not own the seat; `epoch` is the highest it knows of."""

    epoch: int


Message = (
    Replicate
    | Ack
    | Behind
    | Refused
    | LogOn
    | LoggedOn
    | Submit
    | Report
    | NeverReceived
    | Heartbeat
    | Fenced
    | SeatRequest
    | SeatAnswer
)
