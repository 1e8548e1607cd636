"""The core's end of one connection: `Session.step(event)` gives what is to be done. No socket, no clock.

Source: docs/sessions.md. It finds out who speaks (challenge, proof) and holds him to the rules (framing, rate,
heartbeats, reading). Whether a line is let in, what is new and what its flow is, says the core that stands behind: it
answers `Opened` with LOGGED_ON, or with a refusal and `Dismissed`. Invariants: no bytes make a step raise, and none
harm more than this connection; a line's commands reach the core in order and once; after the end every step does
nothing; `Gone` follows `Opened` exactly once, unless the core itself has ended the session.
"""

import hmac
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import numpy as np

from evermarket.client.framer import Framer
from evermarket.client.proof import proof_of
from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.session import (
    LOG_ON,
    LOGGED_ON,
    RELAYED,
    THROTTLED,
    Parting,
    Resume,
    SessionKind,
    Wish,
    session_record,
)
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.protocol.events import Gone, Opened, Said
from evermarket.venue.sessions.actions import Action, Close, HeartbeatDue, Send
from evermarket.venue.sessions.events import (
    Arrived,
    Beat,
    Closing,
    Connected,
    Dismissed,
    Ended,
    Event,
    Superseded,
    Told,
    Waiting,
)
from evermarket.venue.sessions.framing import id_of, is_plain, sort_out
from evermarket.venue.sessions.rate import Bucket, Judged
from evermarket.venue.sessions.readiness import LineState
from evermarket.venue.sessions.terms import SILENT_BEATS, Terms

_NEVER = 2**63 - 1
_MILLISECOND_NS = 1_000_000
_RESUMES = frozenset(map(int, Resume))
_WISHES = int(Wish.CANCEL_ON_DISCONNECT | Wish.PUBLIC_FLOW)


class State(Enum):
    """How far a connection has come."""

    RELAY = "the relay has to say who is behind it"
    GREETED = "the member has to log on"
    PROVED = "the core has to say whether it lets the line in"
    OPEN = "logged on"
    OVER = "ended"


class Session:
    """One connection. `buckets`: those of all lines, for a line's bucket outlives its session."""

    def __init__(self, connection: str, terms: Terms, buckets: dict[int, Bucket]) -> None:
        self.connection = connection
        self.state = State.GREETED
        self.line = 0
        self.last_id = 0
        self.line_state = LineState(0, 0)
        self._terms = terms
        self._buckets = buckets
        self._bucket = Bucket(0, 0)
        self._address = bytes(16)
        self._nonce = b""
        self._framer = Framer()
        self._early = b""
        self._beat_ns = terms.heartbeat_ms * _MILLISECOND_NS
        self._opened_ns = self._heard_ns = self._sent_ns = 0
        self._actions: list[Action] = []

    @property
    def due_ns(self) -> int:
        """When the next `Beat` is wanted."""
        if self.state is State.OPEN:
            return min(self._sent_ns + self._beat_ns, self._heard_ns + SILENT_BEATS * self._beat_ns)
        if self.state in (State.RELAY, State.GREETED):
            return self._opened_ns + self._terms.log_on_ns
        return _NEVER

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
                self._log_on(row)
            at += 1
        if self.state is State.PROVED:
            self._early += records[at:].tobytes()
        elif at < len(records) and self.state is State.OPEN:
            self._commands(event.now_ns, records[at:])

    def _waiting(self, event: Waiting) -> None:
        if event.size > self._terms.waiting_max:
            self._part(Parting.SLOW)

    def _beat(self, event: Beat) -> None:
        if event.now_ns < self.due_ns:
            return
        if self.state is not State.OPEN:
            self._part(Parting.LATE)
        elif event.now_ns >= self._heard_ns + SILENT_BEATS * self._beat_ns:
            self._part(Parting.SILENT)
        else:
            self._sent_ns = event.now_ns
            self._do(HeartbeatDue())

    # --- log-on ---------------------------------------------------------------------------------------------------

    def _relayed(self, row: Records) -> None:
        if row[0]["kind"] != SessionKind.RELAYED:
            self._part(Parting.BAD_RECORD)
            return
        self._address = row.view(RELAYED)[0]["address"].tobytes()
        self.state = State.GREETED

    def _log_on(self, row: Records) -> None:
        wanted = row.view(LOG_ON)
        log_on, terms = wanted[0], self._terms
        if log_on["kind"] != SessionKind.LOG_ON or int(log_on["resume"]) not in _RESUMES:
            self._part(Parting.BAD_RECORD)
        elif not self._is_proved(wanted):
            self._part(Parting.BAD_TICKET)
        else:
            self.state, self.line = State.PROVED, int(log_on["line"])
            resume, wish = Resume(int(log_on["resume"])), int(log_on["wish"]) & _WISHES
            rate, position = terms.rate if self.line else 0, int(log_on["position"])
            self._do(Opened(self.connection, self.line, resume, position, wish, rate, self._address))

    def _is_proved(self, wanted: Records) -> bool:
        terms, row = self._terms, wanted[0]
        ticket = ticket_for(terms.secret, int(row["line"]), terms.trading_day, self._address)
        is_right = hmac.compare_digest(proof_of(ticket, self._nonce, wanted), row["proof"].tobytes())
        return is_right and int(row["trading_day"]) == terms.trading_day

    def _told(self, event: Told) -> None:
        if self.state not in (State.PROVED, State.OPEN):
            return
        self._sent_ns = event.now_ns
        self._do(Send(event.records, event.more))
        if self.state is State.PROVED and event.records["kind"][0] == SessionKind.LOGGED_ON:
            self._let_in(event.now_ns, event.records)

    def _let_in(self, now_ns: int, welcome: Records) -> None:
        """The core has it. What the member sent behind its LOG_ON counts from here."""
        told = welcome.view(LOGGED_ON)[0]
        self.state, self.last_id = State.OPEN, int(told["last_id"])
        self.line_state = LineState(int(told["flow_position"]), now_ns)
        self._bucket = self._buckets.setdefault(self.line, Bucket(int(told["rate"]), now_ns))
        early, self._early = np.frombuffer(self._early, HEADER), b""
        if len(early):
            self._commands(now_ns, early)

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
        self._do(Said(self.connection, commands))

    def _commands(self, now_ns: int, records: Records) -> None:
        commands, parting = sort_out(records, self.line)
        if parting is None and len(commands) < len(records):
            self.line_state.hear(records)
        if len(commands):
            self._take(now_ns, commands)
        if parting is not None:
            self._part(parting)

    def _take(self, now_ns: int, commands: Records) -> None:
        """Line 0 has neither ids nor a rate."""
        if self.line:
            judged = self._bucket.judge(now_ns, commands.view(ORDER)["cl_ord_id"], self.last_id)
            self.last_id = judged.last_id
            if not judged.passed.all():
                self._throttle(now_ns, commands, judged)
                return
        self._do(Said(self.connection, commands))

    def _throttle(self, now_ns: int, commands: Records, judged: Judged) -> None:
        items = commands.view(WHOLE)
        taken: Records = items[judged.passed].view(HEADER)
        if len(taken):
            self._do(Said(self.connection, taken))
        late = items[~judged.passed].view(ORDER)
        answers = np.zeros(len(late), THROTTLED)
        answers["kind"] = SessionKind.THROTTLED
        answers["cl_ord_id"], answers["command"] = late["cl_ord_id"], late["kind"]
        answers["retry_ns"], answers["rate"], answers["line"] = judged.retry_ns, self._bucket.rate, self.line
        self._sent_ns = now_ns
        self._send(answers)

    # --- the end --------------------------------------------------------------------------------------------------

    def _ended(self, event: Ended) -> None:
        self._leave(is_abort=True)

    def _part(self, why: Parting) -> None:
        self._send(session_record(SessionKind.LOG_OFF, code=why))
        self._leave(is_abort=why is Parting.SLOW)

    def _leave(self, *, is_abort: bool) -> None:
        """The core has to hear of it."""
        if self.state in (State.PROVED, State.OPEN):
            self._do(Gone(self.connection))
        self._close(is_abort=is_abort)

    def _dismissed(self, event: Dismissed) -> None:
        self._close()

    def _closing(self, event: Closing) -> None:
        self._send(session_record(SessionKind.LOG_OFF, code=Parting.CLOSING))
        self._close()

    def _superseded(self, event: Superseded) -> None:
        self._send(session_record(SessionKind.FENCED, epoch=event.epoch))
        self._close()

    def _close(self, *, is_abort: bool = False) -> None:
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
    Dismissed: Session._dismissed,
    Closing: Session._closing,
    Superseded: Session._superseded,
}
