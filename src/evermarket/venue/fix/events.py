"""What happens to a session, and what it asks for. Every event carries its time in UTC nanoseconds."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from evermarket.venue.fix.numbers import Entry
from evermarket.venue.fix.wire import Message


class Terms(NamedTuple):
    """Who speaks with whom: our CompID and the member's."""

    ours: str
    theirs: str


class State(IntEnum):
    OFF = 1
    AWAITED = 2
    ON = 3
    LEAVING = 4


class Connected(NamedTuple):
    time: int


class Arrived(NamedTuple):
    """Whole messages from the member, those of one read."""

    time: int
    messages: Sequence[Message]


class Tick(NamedTuple):
    """Time went on, the flow grew, or there is room to send again."""

    time: int


class Answered(NamedTuple):
    """The gateway answers by itself, beside the flow: a refusal at the door, an order's status."""

    time: int
    type: str
    body: str


class Done(NamedTuple):
    """The member's delivered messages up to this number are answered for good."""

    time: int
    number: int


class Held(NamedTuple):
    """We do not read for now: the member's silence is ours."""

    time: int


class Closing(NamedTuple):
    """We want to end the session in good order."""

    time: int
    text: str


class Disconnected(NamedTuple):
    time: int


Event = Connected | Arrived | Tick | Answered | Done | Held | Closing | Disconnected


class Keep(NamedTuple):
    """Write to the session's small journal, before anything that follows."""

    entry: Entry


class Send(NamedTuple):
    data: bytes


class Deliver(NamedTuple):
    """A message of the business, in sequence and well made."""

    number: int
    message: Message


class Disconnect(NamedTuple):
    reason: str


class Wake(NamedTuple):
    """Come back with a Tick at this time; replaces the wish before it."""

    time: int


Action = Keep | Send | Deliver | Disconnect | Wake
