"""G: who holds a line's open commands towards the cores (docs/sessions.md, After a switch). It never decides and never
invents an answer. A pure machine over records: a shell connects, reads and writes.

Invariants: one connection at a time; what comes from an epoch below the highest seen is dropped; what is delivered has
growing positions, without gap or repeat; a command stays in the window until its outcome came; a new connection, once
the old flow has been taken, carries first how far that is, what the member said of its readiness, and the whole window,
in order and flagged.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from evermarket.client.window import Window
from evermarket.records import HEADER, Records
from evermarket.records.kinds import Flag
from evermarket.records.raw import WHOLE
from evermarket.records.session import (
    FIRST_SESSION_KIND,
    SESSION_LAYOUT,
    Parting,
    Readiness,
    Resume,
    SessionKind,
    session_record,
)

_FINAL = (Parting.BAD_TICKET, Parting.AHEAD, Parting.FOREIGN_LINE, Parting.BAD_RECORD)
Prove = Callable[[Records, Records], bytes]
"""The proof of a LOG_ON record, from the CHALLENGE and that record with proof zero."""

# --- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ordered:
    """The member's commands, with growing client order ids of this line."""

    commands: Records = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """Commands of this line that were sent before and whose outcome is not known: their ids may be taken."""

    commands: Records = field(repr=False)


@dataclass(frozen=True, slots=True)
class Declared:
    """Whether the member can trade, said now and after every log-on; `why` at most 40 bytes of UTF-8."""

    readiness: Readiness
    why: bytes = b""


@dataclass(frozen=True, slots=True)
class Heard:
    """Whole records from connection number `number`."""

    number: int
    records: Records = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection has ended or could not be made."""

    number: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Every heartbeat time."""


# --- actions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection; it has this number from now on."""

    number: int
    address: str


@dataclass(frozen=True, slots=True)
class Write:
    number: int
    records: Records = field(repr=False)


@dataclass(frozen=True, slots=True)
class Disconnect:
    number: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """To the member: the next records of its flow, or a session record that concerns it."""

    records: Records = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The core refuses this line for good; a person must look. LOG_OFF's code."""

    parting: Parting


Event = Ordered | AskedAgain | Declared | Heard | Lost | Beat
Action = Connect | Write | Disconnect | Deliver | Stopped


class Gate:
    """One line. `addresses`: the doors it knows, tried in turn; `silent_beats_max` beats without a sign: the next."""

    def __init__(
        self,
        line: int,
        addresses: tuple[str, ...],
        prove: Prove,
        *,
        trading_day: int = 0,
        wish: int = 0,
        resume: Resume = Resume.RESUME,
        silent_beats_max: int = 3,
    ) -> None:
        self.line = line
        self.addresses = addresses
        self.prove = prove
        self.trading_day = trading_day
        self.wish = wish
        self.resume = resume
        self.silent_beats_max = silent_beats_max
        self.window = Window()
        self.epoch = 0
        self.last_position = 0
        self.number = 0
        self.is_open = False
        self.stopped: Parting | None = None
        self._readiness: Records | None = None
        self.is_connected = False
        """There is a connection, or one is being made."""
        self._is_logged_on = False
        self._due_position = 0
        self._address = -1
        self._failures = 0
        self._silent_beats = 0
        self._has_written = False
        self._actions: list[Action] = []
        self._on = {
            SessionKind.CHALLENGE: self._challenge,
            SessionKind.LOGGED_ON: self._logged_on,
            SessionKind.LOG_OFF: self._log_off,
            SessionKind.HEARTBEAT: self._heartbeat,
            SessionKind.FENCED: self._fenced,
            SessionKind.THROTTLED: self._throttled,
            SessionKind.NEVER_RECEIVED: self._never_received,
            SessionKind.NOTICE: self._notice,
        }

    def start(self) -> list[Action]:
        self._connect()
        return self._take_actions()

    def step(self, event: Event) -> list[Action]:
        """The one door. Errors: ValueError for an id that does not grow, or that is asked for already."""
        if isinstance(event, Ordered):
            self._ordered(event.commands)
        elif isinstance(event, AskedAgain):
            self._asked_again(event.commands)
        elif isinstance(event, Declared):
            self._declared(event)
        elif self.stopped is not None:
            pass
        elif isinstance(event, Beat):
            self._beat()
        elif event.number == self.number and self.is_connected:
            if isinstance(event, Lost):
                self._next_address()
            else:
                self._heard(event.records)
        return self._take_actions()

    # --- events ---------------------------------------------------------------------------------------------------

    def _ordered(self, commands: Records) -> None:
        self.window.add(commands)
        if self.is_open:
            self._write(commands)
            self.window.sent()

    def _declared(self, event: Declared) -> None:
        self._readiness = session_record(SessionKind.READY, code=event.readiness, text=event.why)
        if self.is_open:
            self._write(self._readiness)

    def _asked_again(self, commands: Records) -> None:
        flagged = commands.view(WHOLE).copy().view(HEADER)
        flagged["flags"] |= np.uint8(Flag.POSS_RESEND)
        self.window.put_back(flagged)
        if self.is_open:
            self._write(flagged)
            self.window.sent()

    def _beat(self) -> None:
        if not self.is_connected:
            self._connect()
            return
        self._silent_beats += 1
        if self._silent_beats >= self.silent_beats_max:
            self._next_address()
        elif self._is_logged_on and not self._has_written:
            self._tell_position()
        self._has_written = False

    def _heard(self, records: Records) -> None:
        """The stream, cut where the session's own records stand in it."""
        self._silent_beats = 0
        number, start = self.number, 0
        for at in np.flatnonzero(records["kind"] >= FIRST_SESSION_KIND).tolist():
            self._flow(records[start:at])
            self._session_record(records[at : at + 1])
            start = at + 1
            if number != self.number or not self.is_connected:
                return
        self._flow(records[start:])

    def _session_record(self, record: Records) -> None:
        kind = SessionKind(int(record["kind"][0]))
        handler = self._on.get(kind)
        if handler is not None:
            handler(np.ascontiguousarray(record).view(SESSION_LAYOUT[kind]))

    # --- the flow -------------------------------------------------------------------------------------------------

    def _flow(self, records: Records) -> None:
        """Deliver what is new; of what came before only an outcome that is still missing."""
        if not len(records):
            return
        positions = records["position"]
        wanted = (positions > self.last_position) | self.window.answer(records)
        if wanted.all():
            self._actions.append(Deliver(records))
        elif wanted.any():
            self._actions.append(Deliver(records.view(WHOLE)[wanted].view(HEADER)))
        self.last_position = max(self.last_position, int(positions[-1]))
        self._open_if_due()

    def _open_if_due(self) -> None:
        """With the old flow taken the core hears so; what is left in the window goes again; then whatever comes."""
        if self._is_logged_on and not self.is_open and self.last_position >= self._due_position:
            self.is_open = True
            self._tell_position()
            if self._readiness is not None:
                self._write(self._readiness)
            self.resend()

    def _tell_position(self) -> None:
        self._write(session_record(SessionKind.HEARTBEAT, position=self.last_position, epoch=self.epoch))

    def resend(self) -> None:
        commands = self.window.again()
        if len(commands):
            self._write(commands)
            self.window.sent()

    # --- the session's records --------------------------------------------------------------------------------------

    def is_current(self, epoch: int) -> bool:
        """The epoch filter: an old owner is not listened to."""
        return epoch >= self.epoch

    def _challenge(self, record: Records) -> None:
        if not self._follows(int(record["epoch"][0])):
            return
        facts = {"position": self.last_position, "line": self.line, "resume": self.resume, "wish": self.wish}
        log_on = session_record(SessionKind.LOG_ON, trading_day=self.trading_day, **facts)
        log_on["proof"] = np.void(self.prove(record, log_on))
        self._write(log_on)

    def _logged_on(self, record: Records) -> None:
        if not self._follows(int(record["epoch"][0])):
            return
        self._is_logged_on = True
        self._failures = 0
        self.window.last_id = max(self.window.last_id, int(record["last_id"][0]))
        if self.resume == Resume.QUICK:
            self.last_position = max(self.last_position, int(record["position"][0]))
        self.resume = Resume.RESUME
        self._due_position = int(record["flow_position"][0])
        self._open_if_due()

    def _heartbeat(self, record: Records) -> None:
        self._follows(int(record["epoch"][0]))

    def _fenced(self, record: Records) -> None:
        self.epoch = max(self.epoch, int(record["epoch"][0]))
        self._next_address()

    def _log_off(self, record: Records) -> None:
        parting = int(record["code"][0])
        if parting in _FINAL:
            self.stopped = Parting(parting)
            self._hang_up()
            self._actions.append(Stopped(self.stopped))
        else:
            self._next_address()

    def _throttled(self, record: Records) -> None:
        """Not taken, and now it never will be: the member decides."""
        if self.window.give_up(int(record["cl_ord_id"][0])):
            self._actions.append(Deliver(record.view(HEADER)))

    def _never_received(self, record: Records) -> None:
        if self._follows(int(record["epoch"][0])) and self.window.give_up(int(record["cl_ord_id"][0])):
            self._actions.append(Deliver(record.view(HEADER)))

    def _notice(self, record: Records) -> None:
        self._actions.append(Deliver(record.view(HEADER)))

    def _follows(self, epoch: int) -> bool:
        """Note the epoch of whoever speaks; if it is over, look elsewhere."""
        if not self.is_current(epoch):
            self._next_address()
            return False
        self.epoch = epoch
        return True

    # --- connecting -----------------------------------------------------------------------------------------------

    def _next_address(self) -> None:
        """At once, until all have been tried in vain; then with the next beat."""
        self._hang_up()
        self._failures += 1
        if self._failures % len(self.addresses):
            self._connect()

    def _hang_up(self) -> None:
        self._actions.append(Disconnect(self.number))
        self.is_connected = self._is_logged_on = self.is_open = False

    def _connect(self) -> None:
        self.number += 1
        self._address = (self._address + 1) % len(self.addresses)
        self._silent_beats = 0
        self.is_connected = True
        self._actions.append(Connect(self.number, self.addresses[self._address]))

    # --- inside -------------------------------------------------------------------------------------------------

    def _write(self, records: Records) -> None:
        self._has_written = True
        self._actions.append(Write(self.number, records))

    def _take_actions(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
