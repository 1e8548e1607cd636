"""The session layer of a core's process: challenge, log-on, heartbeats, silence; without the cryptography.

It throttles a few commands at random, so that ids are passed over.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evermarket.records import HEADER, Kind, Records
from evermarket.records.session import (
    FIRST_SESSION_KIND,
    LOG_ON,
    Resume,
    SessionKind,
    session_record,
)
from evermarket.venue.protocol.actions import Close, Tell
from evermarket.venue.protocol.events import Drained, Gone, Opened, Said
from evermarket.venue.protocol.node import State
from simulation.connection import Connection, Part
from simulation.world import MS

if TYPE_CHECKING:
    from simulation.processes import Core

BEAT_MS = 20
SILENT_BEATS_MAX = 3
ORDER = np.dtype({"names": ["cl_ord_id", "line"], "formats": ["<u8", "<u2"], "offsets": [24, 52], "itemsize": 64})


@dataclass
class Guest:
    """The core's end of a connection."""

    connection: Connection
    line: int = -1
    silent_beats: int = 0
    is_open: bool = True


class Doors:
    """All connections of one core's process."""

    def __init__(self, core: "Core") -> None:
        self.core = core
        self.world = core.world
        self.guests: dict[str, Guest] = {}
        self.throttled = 0.0

    def accept(self, connection: Connection) -> None:
        """Nobody there, or not the owner: the member hears so."""
        if self.core.node is None:
            connection.to_member.send(None)
            return
        self.guests[connection.name] = guest = Guest(connection)
        self.core.later(lambda: self._greet(guest))

    def _greet(self, guest: Guest) -> None:
        node = self.core.node
        assert node is not None
        if node.state is State.MATCH and node.owner is not None:
            guest.connection.to_member.send(session_record(SessionKind.CHALLENGE, epoch=node.owner.epoch).view(HEADER))
            self.world.after(BEAT_MS * MS, self._beat, guest)
        else:
            guest.connection.to_member.send(session_record(SessionKind.FENCED, epoch=node.epoch_known).view(HEADER))
            self._hang_up(guest)

    def heard(self, name: str, part: Part) -> None:
        guest = self.guests.get(name)
        if guest is not None:
            self.core.later(lambda: self._heard(guest, part))

    def perform(self, action: Tell | Close) -> None:
        guest = self.guests.get(action.connection)
        if guest is None or not guest.is_open:
            return
        if isinstance(action, Close):
            self._hang_up(guest)
            return
        self.world.note(self.core.name, "tells", action)
        guest.connection.to_member.send(action.records.view(HEADER))
        if action.more:
            self.world.after(200, self._drained, guest, self.core.life)

    def break_all(self) -> None:
        for guest in self.guests.values():
            guest.connection.break_off()
        self.guests.clear()

    def fall_silent(self) -> None:
        for guest in self.guests.values():
            guest.connection.fall_silent()

    # --- inside -------------------------------------------------------------------------------------------------

    def _heard(self, guest: Guest, part: Part) -> None:
        if not guest.is_open:
            return
        guest.silent_beats = 0
        if part is None:
            self._gone(guest)
        elif guest.line < 0:
            log_on = part[:1].view(LOG_ON)
            guest.line = int(log_on["line"][0])
            resume, wish = Resume(int(log_on["resume"][0])), int(log_on["wish"][0])
            position = int(log_on["position"][0])
            self.core.step(Opened(guest.connection.name, guest.line, resume, position, wish))
        else:
            commands = part.view("V64")[part["kind"] < FIRST_SESSION_KIND].view(HEADER)
            commands = self._throttle(guest, commands)
            if len(commands):
                self.core.step(Said(guest.connection.name, commands))

    def _throttle(self, guest: Guest, commands: Records) -> Records:
        """Take out a command that is new, now and then."""
        owner = self.core.node.owner if self.core.node is not None else None
        if not len(commands) or owner is None or self.world.random.random() >= self.throttled:
            return commands
        at = self.world.random.randrange(len(commands))
        taken = commands[at : at + 1].view(ORDER)
        if not owner.door.is_new(guest.line, int(taken["cl_ord_id"][0])):
            return commands
        facts = {"cl_ord_id": int(taken["cl_ord_id"][0]), "line": guest.line, "command": int(Kind.NEW)}
        guest.connection.to_member.send(session_record(SessionKind.THROTTLED, **facts).view(HEADER))
        return np.delete(commands.view("V64"), at).view(HEADER)

    def _drained(self, guest: Guest, life: int) -> None:
        if life != self.core.life or not guest.is_open:
            return
        if guest.connection.to_member.waiting:
            self.world.after(200, self._drained, guest, life)
        else:
            self.core.step(Drained(guest.connection.name))

    def _beat(self, guest: Guest) -> None:
        if guest.is_open and self.core.node is not None and self.guests.get(guest.connection.name) is guest:
            self.core.later(lambda: self._look(guest))
            self.world.after(BEAT_MS * MS, self._beat, guest)

    def _look(self, guest: Guest) -> None:
        guest.silent_beats += 1
        if guest.silent_beats > SILENT_BEATS_MAX:
            self._gone(guest)
            return
        record = self.core.node.heartbeat(guest.connection.name) if self.core.node is not None else None
        if record is not None:
            guest.connection.to_member.send(record.view(HEADER))

    def _gone(self, guest: Guest) -> None:
        self._hang_up(guest)
        if guest.line >= 0:
            self.core.step(Gone(guest.connection.name))

    def _hang_up(self, guest: Guest) -> None:
        guest.is_open = False
        guest.connection.to_member.send(None)
        self.guests.pop(guest.connection.name, None)
