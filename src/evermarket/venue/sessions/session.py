"""The core's end of one connection: `Session.step(event)` gives what is to be done. No socket, no clock.

Source: docs/sessions.md. Invariants: no bytes make a step raise, and none harm more than this connection; a line's
commands reach the core in order and once; after the end every step does nothing; `Gone` follows `Opened` exactly once.
Once-only and the flow itself stand behind: what is said here comes from the core as `Told`.
"""

import hmac
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import numpy as np

from evermarket.client.framer import Framer
from evermarket.client.proof import address_text, proof_of
from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.records.layout import ORDER
from evermarket.records.session import (
    LOG_ON,
    RELAYED,
    THROTTLED,
    Parting,
    Resume,
    SessionKind,
    Wish,
    session_record,
)
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.sessions.actions import Action, Alarm, Close, Gone, Notify, Opened, Said, Send
from evermarket.venue.sessions.events import (
    Arrived,
    Beat,
    Closing,
    Connected,
    Ended,
    Event,
    Superseded,
    Told,
    Waiting,
)
from evermarket.venue.sessions.framing import ITEM, id_of, is_plain, sort_out, unfinished_from
from evermarket.venue.sessions.rate import Bucket, Judged
from evermarket.venue.sessions.readiness import LineState
from evermarket.venue.sessions.terms import SILENT_BEATS, Standing, Terms

_NEVER = 2**63 - 1
_MILLISECOND_NS = 1_000_000
_RESUMES = frozenset(map(int, Resume))
_WISHES = int(Wish.CANCEL_ON_DISCONNECT | Wish.PUBLIC_FLOW)


class State(Enum):
    """How far a connection has come."""

    RELAY = "the relay has to say who is behind it"
    GREETED = "the member has to log on"
    OPEN = "logged on"
    OVER = "ended"


class Session:
    """One connection. `holders` says which connection holds a line, `standing` what the core knows of a line; both
    are asked at log-on. The shell enters `Opened` into `holders` and takes `Gone` out."""

    def __init__(
        self, connection: int, terms: Terms, holders: Mapping[int, int], standing: Callable[[int], Standing]
    ) -> None:
        self.connection = connection
        self.state = State.GREETED
        self.line = 0
        self.last_id = 0
        self.received = 0
        self.flow_position = 0
        self.line_state = LineState(0, 0)
        self._terms = terms
        self._holders = holders
        self._standing = standing
        self._address = bytes(16)
        self._nonce = b""
        self._framer = Framer()
        self._run = b""
        self._bucket = Bucket(0, 0)
        self._beat_ns = terms.heartbeat_ms * _MILLISECOND_NS
        self._opened_ns = self._heard_ns = self._sent_ns = 0
        self._actions: list[Action] = []

    @property
    def due_ns(self) -> int:
        """When the next `Beat` is wanted."""
        if self.state is State.OVER:
            return _NEVER
        if self.state is not State.OPEN:
            return self._opened_ns + self._terms.log_on_ns
        return min(self._sent_ns + self._beat_ns, self._heard_ns + SILENT_BEATS * self._beat_ns)

    def step(self, event: Event) -> list[Action]:
        """What this event asks to be done, in this order."""
        if self.state is not State.OVER:
            _STEPS[type(event)](self, event)
        actions, self._actions = self._actions, []
        return actions

    def _connected(self, event: Connected) -> None:
        self._opened_ns = self._heard_ns = self._sent_ns = event.now_ns
        self._address, self._nonce = event.address, event.nonce
        if not self._terms.is_owner:
            self._superseded(Superseded(self._terms.epoch))
            return
        if event.address in self._terms.relays:
            self.state = State.RELAY
        terms = self._terms
        self._send(session_record(SessionKind.CHALLENGE, epoch=terms.epoch, make=terms.make, nonce=event.nonce))

    def _arrived(self, event: Arrived) -> None:
        self._heard_ns = event.now_ns
        if self.state is State.OPEN and self._is_one_command(event.data):
            self._take_one(event)
            return
        records = self._framer.whole(event.data)
        at = 0
        while at < len(records) and self.state in (State.RELAY, State.GREETED):
            row = records[at : at + 1]
            if self.state is State.RELAY:
                self._relayed(row)
            else:
                self._log_on(event.now_ns, row)
            at += 1
        if at < len(records) and self.state is State.OPEN:
            self._commands(event.now_ns, records[at:])

    def _told(self, event: Told) -> None:
        if self.state is State.OPEN and len(event.records):
            self.flow_position = max(self.flow_position, int(event.records["position"].max()))
            self._sent_ns = event.now_ns
            self._send(event.records)

    def _waiting(self, event: Waiting) -> None:
        if event.size > self._terms.waiting_max:
            self._part(Parting.SLOW)

    def _beat(self, event: Beat) -> None:
        if self.state is not State.OPEN:
            if event.now_ns >= self._opened_ns + self._terms.log_on_ns:
                self._part(Parting.LATE)
        elif event.now_ns >= self._heard_ns + SILENT_BEATS * self._beat_ns:
            self._part(Parting.SILENT)
        elif event.now_ns >= self._sent_ns + self._beat_ns:
            self._sent_ns = event.now_ns
            beat = session_record(SessionKind.HEARTBEAT, epoch=self._terms.epoch, received=self.received)
            beat["position"] = self.flow_position
            self._send(beat)

    def _ended(self, event: Ended) -> None:
        self._over(is_abort=True)

    def _closing(self, event: Closing) -> None:
        self._part(Parting.CLOSING)

    def _superseded(self, event: Superseded) -> None:
        self._send(session_record(SessionKind.FENCED, epoch=event.epoch))
        self._over(is_abort=False)

    # --- log-on ---------------------------------------------------------------------------------------------------

    def _relayed(self, row: Records) -> None:
        if row[0]["kind"] != SessionKind.RELAYED:
            self._part(Parting.BAD_RECORD)
            return
        self._address = row.view(RELAYED)[0]["address"].tobytes()
        self.state = State.GREETED

    def _log_on(self, now_ns: int, row: Records) -> None:
        wanted = row.view(LOG_ON)
        line = int(wanted[0]["line"])
        if wanted[0]["kind"] != SessionKind.LOG_ON:
            self._part(Parting.BAD_RECORD)
        elif not self._is_proved(wanted):
            self._part(Parting.BAD_TICKET)
        elif int(wanted[0]["resume"]) not in _RESUMES:
            self._part(Parting.BAD_RECORD)
        elif line in self._holders:
            notice = session_record(SessionKind.NOTICE, code=Parting.LINE_TAKEN, address=self._address)
            self._do(Notify(self._holders[line], notice))
            self._part(Parting.LINE_TAKEN)
        else:
            self._admit(now_ns, wanted, self._standing(line))

    def _is_proved(self, wanted: Records) -> bool:
        terms, row = self._terms, wanted[0]
        ticket = ticket_for(terms.secret, int(row["line"]), terms.trading_day, self._address)
        is_right = hmac.compare_digest(proof_of(ticket, self._nonce, wanted), row["proof"].tobytes())
        return is_right and int(row["trading_day"]) == terms.trading_day

    def _admit(self, now_ns: int, wanted: Records, standing: Standing) -> None:
        row, terms = wanted[0], self._terms
        line, after = int(row["line"]), int(row["position"])
        if after > standing.told_position:
            self._do(
                Alarm(f"line {line} at {address_text(self._address)} knows of position {after}, this core does not")
            )
            self._part(Parting.AHEAD)
            return
        self.state, self.line, self.last_id = State.OPEN, line, standing.last_id
        self.flow_position, self._bucket = standing.flow_position, Bucket(standing.rate, now_ns)
        self.line_state = LineState(standing.flow_position, now_ns)
        self._sent_ns = now_ns
        welcome = session_record(
            SessionKind.LOGGED_ON,
            last_id=standing.last_id,
            flow_position=standing.flow_position,
            epoch=terms.epoch,
            trading_day=terms.trading_day,
            heartbeat_ms=terms.heartbeat_ms,
            line=line,
            make=terms.make,
            rate=standing.rate,
            owner=terms.owner,
        )
        welcome["position"] = standing.told_position
        self._send(welcome)
        self._do(Opened(self.connection, line, Resume(row["resume"]), after, Wish(int(row["wish"]) & _WISHES)))

    # --- commands -------------------------------------------------------------------------------------------------

    def _is_one_command(self, data: bytes) -> bool:
        """What comes most: one good command of a member, alone. Everything else goes the way of arrays."""
        return len(data) == RECORD_BYTES and self.line > 0 and self._framer.is_empty and is_plain(data, self.line)

    def _take_one(self, event: Arrived) -> None:
        cl_ord_id = id_of(event.data)
        commands = np.frombuffer(event.data, HEADER)
        if cl_ord_id > self.last_id:
            if not self._bucket.takes(event.now_ns):
                self._take(event.now_ns, commands)
                return
            self.last_id = cl_ord_id
        self.received += 1
        self._do(Said(self.connection, commands))

    def _commands(self, now_ns: int, records: Records) -> None:
        commands, parting = sort_out(records, self.line)
        if parting is None and len(commands) < len(records):
            self.line_state.hear(records)
        if self.line == 0:
            commands = self._whole_runs(commands, is_last=parting is not None)
        if len(commands):
            self._take(now_ns, commands)
        if parting is Parting.MEMBER:
            self._over(is_abort=False)
        elif parting is not None:
            self._part(parting)

    def _whole_runs(self, commands: Records, *, is_last: bool) -> Records:
        """Keep back a run that is not whole; with the end of the session it never will be, and is left out."""
        if self._run:
            joined = self._run + commands.tobytes()
            commands = np.frombuffer(joined, HEADER)
        end = unfinished_from(commands)
        self._run = b"" if is_last else commands[end:].tobytes()
        return commands[:end]

    def _take(self, now_ns: int, commands: Records) -> None:
        if self.line == 0:
            judged = self._bucket.judge_all(now_ns, len(commands))
        else:
            ids = commands.view(ORDER)["cl_ord_id"]
            judged = self._bucket.judge(now_ns, ids, self.last_id)
            self.last_id = judged.last_id
        if judged.passed.all():
            self.received += len(commands)
            self._do(Said(self.connection, commands))
            return
        self._throttle(now_ns, commands, judged)

    def _throttle(self, now_ns: int, commands: Records, judged: Judged) -> None:
        items = commands.view(ITEM)
        taken: Records = items[judged.passed].view(HEADER)
        if len(taken):
            self.received += len(taken)
            self._do(Said(self.connection, taken))
        late = items[~judged.passed].view(ORDER)
        answers = np.zeros(len(late), THROTTLED)
        answers["kind"] = SessionKind.THROTTLED
        answers["cl_ord_id"], answers["command"] = late["cl_ord_id"], late["kind"]
        answers["retry_ns"], answers["rate"], answers["line"] = judged.retry_ns, self._bucket.rate, self.line
        self._sent_ns = now_ns
        self._send(answers)

    # --- the end --------------------------------------------------------------------------------------------------

    def _part(self, why: Parting) -> None:
        self._send(session_record(SessionKind.LOG_OFF, code=why))
        self._over(is_abort=why is Parting.SLOW)

    def _over(self, *, is_abort: bool) -> None:
        if self.state is State.OPEN:
            self._do(Gone(self.connection))
        self.state = State.OVER
        self._do(Close(is_abort))

    def _send(self, records: Records) -> None:
        self._do(Send(records))

    def _do(self, action: Action) -> None:
        self._actions.append(action)


_STEPS: Final[dict[type, Callable[[Session, Any], None]]] = {
    Connected: Session._connected,
    Arrived: Session._arrived,
    Told: Session._told,
    Waiting: Session._waiting,
    Beat: Session._beat,
    Ended: Session._ended,
    Closing: Session._closing,
    Superseded: Session._superseded,
}
