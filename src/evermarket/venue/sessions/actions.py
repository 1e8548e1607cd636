"""What a session asks its shell to do, in this order. The last three kinds are the protocol's own events: they go to
the core that stands behind."""

from typing import NamedTuple

from evermarket.records import Records
from evermarket.venue.protocol.events import Gone, Opened, Said


class Send(NamedTuple):
    """These records go to the member. `more`: the core wants to hear (Drained) when there is room for more."""

    records: Records
    more: bool = False


class HeartbeatDue(NamedTuple):
    """Nothing was sent for a heartbeat time: the core says what its HEARTBEAT is, which then is Told."""


class Close(NamedTuple):
    """The connection ends; if `is_abort`, what waits is not sent any more."""

    is_abort: bool


Action = Send | HeartbeatDue | Close | Opened | Said | Gone
