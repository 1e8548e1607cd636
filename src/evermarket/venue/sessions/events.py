"""What a shell steps a session with. Times are nanoseconds of any clock that never goes back."""

from typing import NamedTuple

from evermarket.records import Records


class Connected(NamedTuple):
    """A connection from `address` (16 bytes); `nonce` 32 bytes that were never used before."""

    now_ns: int
    address: bytes
    nonce: bytes


class Arrived(NamedTuple):
    """Bytes as they came, in any pieces."""

    now_ns: int
    data: bytes


class Told(NamedTuple):
    """The core says something: whole records, in the order of the flow. `more`: it has more when there is room."""

    now_ns: int
    records: Records
    more: bool = False


class Waiting(NamedTuple):
    """So many bytes wait for the member."""

    now_ns: int
    size: int


class Beat(NamedTuple):
    """Time has passed; due when `Session.due_ns` is reached."""

    now_ns: int


class Ended(NamedTuple):
    """End of file, or the connection broke."""


class Dismissed(NamedTuple):
    """The core has ended this session, or does not let it in; it has told why."""


class Closing(NamedTuple):
    """The core ends in good order."""


class Superseded(NamedTuple):
    """The core no longer owns the seat; `epoch` is the highest it knows of."""

    epoch: int


Event = Connected | Arrived | Told | Waiting | Beat | Ended | Dismissed | Closing | Superseded
