"""What a session asks its shell to do, in this order. The last three kinds go to the core that stands behind."""

from typing import NamedTuple

from evermarket.records import Records
from evermarket.records.session import Resume, Wish


class Send(NamedTuple):
    """These records go to the member."""

    records: Records


class Notify(NamedTuple):
    """This record goes to the member on another connection."""

    connection: int
    record: Records


class Close(NamedTuple):
    """The connection ends; if `is_abort`, what waits is not sent any more."""

    is_abort: bool


class Alarm(NamedTuple):
    """A person should know."""

    text: str


class Opened(NamedTuple):
    """A line has logged on: its flow is wanted."""

    connection: int
    line: int
    resume: Resume
    after_position: int
    wish: Wish


class Said(NamedTuple):
    """Commands of an opened line, in order, runs whole; the array is read-only."""

    connection: int
    commands: Records


class Gone(NamedTuple):
    """An opened line's session has ended."""

    connection: int


Action = Send | Notify | Close | Alarm | Opened | Said | Gone
