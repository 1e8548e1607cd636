"""A session without a socket, driven by hand, and what it did as plain lists."""

from dataclasses import replace

import numpy as np

from evermarket.client.proof import address_bytes, proof_of
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.layout import ORDER
from evermarket.records.session import LOG_ON, LOGGED_ON, Parting, Resume, SessionKind, session_record
from evermarket.records.units import SECOND_NS
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.protocol.events import Gone, Opened, Said
from evermarket.venue.sessions.actions import Action, Send
from evermarket.venue.sessions.events import Arrived, Connected, Told
from evermarket.venue.sessions.rate import Bucket
from evermarket.venue.sessions.session import Session
from evermarket.venue.sessions.terms import Terms

SECRET = bytes(range(32))
NONCE = bytes(range(32, 64))
HOME = address_bytes("10.0.0.7")
RELAY = address_bytes("10.0.0.1")
TERMS = Terms(epoch=3, trading_day=20261123, secret=SECRET, relays=frozenset({RELAY}))
PATIENT = replace(TERMS, relays=frozenset(), heartbeat_ms=60_000, log_on_ns=120 * SECOND_NS)
"""For tests on sockets: no busy machine makes anybody silent or late."""

LAST_ID, FLOW_POSITION = 10, 40


class Member:
    """One connection of a line, its end of the wire in our hands. The core behind lets everybody in at once who is
    proved; unless `is_asked_only`, then it says nothing."""

    def __init__(
        self,
        terms: Terms = TERMS,
        last_id: int = LAST_ID,
        buckets: dict[int, Bucket] | None = None,
        *,
        is_asked_only: bool = False,
    ) -> None:
        self.session = Session("1", terms, {} if buckets is None else buckets)
        self.done: list[Action] = []
        self.now_ns = 0
        self._last_id = last_id
        self._is_asked_only = is_asked_only

    def connect(self, address: bytes = HOME) -> "Member":
        self.did(self.session.step(Connected(self.now_ns, address, NONCE)))
        return self

    def did(self, actions: list[Action]) -> list[Action]:
        """What the session did, and what it did with the core's answer to a log-on."""
        for action in list(actions):
            if isinstance(action, Opened) and not self._is_asked_only:
                actions += self.session.step(Told(self.now_ns, welcome(action, self._last_id)))
        self.done += actions
        return actions

    def say(self, *records: Records | bytes) -> list[Action]:
        data = b"".join(r if isinstance(r, bytes) else r.tobytes() for r in records)
        return self.did(self.session.step(Arrived(self.now_ns, data)))

    def log_on(self, line: int = 5, **values: int) -> list[Action]:
        return self.say(log_on(line, **values))

    def told(self) -> Records:
        """Everything sent to the member."""
        parts = [action.records.tobytes() for action in self.done if isinstance(action, Send)]
        return np.frombuffer(b"".join(parts), HEADER)

    def said(self) -> Records:
        """Everything the core was given."""
        parts = [action.commands.tobytes() for action in self.done if isinstance(action, Said)]
        return np.frombuffer(b"".join(parts), ORDER)

    def parting(self) -> Parting | None:
        """Why the session ended."""
        told = self.told()
        codes = [Parting(int(row["code"])) for row in told if row["kind"] == SessionKind.LOG_OFF]
        assert len(codes) <= 1
        return codes[0] if codes else None

    def opened(self) -> list[Opened]:
        return [action for action in self.done if isinstance(action, Opened)]

    def gone(self) -> list[Gone]:
        return [action for action in self.done if isinstance(action, Gone)]


def welcome(opened: Opened, last_id: int = LAST_ID) -> Records:
    """The core's LOGGED_ON."""
    facts = {"last_id": last_id, "flow_position": FLOW_POSITION, "rate": opened.rate, "line": opened.line}
    row = session_record(SessionKind.LOGGED_ON, position=50, **facts)
    assert row.dtype == LOGGED_ON
    return row


def log_on(
    line: int = 5,
    *,
    position: int = 0,
    resume: int = Resume.RESUME,
    wish: int = 0,
    day: int = 20261123,
    address: bytes = HOME,
    nonce: bytes = NONCE,
    secret: bytes = SECRET,
) -> Records:
    row = session_record(SessionKind.LOG_ON, line=line, resume=resume, wish=wish, trading_day=day)
    row["position"] = position
    ticket = ticket_for(secret, line, 20261123, address)
    row["proof"] = np.void(proof_of(ticket, nonce, row))
    assert row.dtype == LOG_ON
    return row


def orders(*ids: int, line: int = 5, kind: Kind = Kind.NEW) -> Records:
    rows = blank(kind, len(ids))
    rows["cl_ord_id"], rows["line"] = ids, line
    return rows


def texts(count: int) -> Records:
    """A run of the exchange: an announcement with its texts."""
    rows = blank(Kind.ANNOUNCE, 1 + count)
    rows["kind"][1:] = Kind.TEXT
    rows["flags"][0] = count
    return rows.view(HEADER)


def seconds(count: float) -> int:
    return int(count * SECOND_NS)
