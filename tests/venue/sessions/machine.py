"""A session without a socket, driven by hand, and what it did as plain lists."""

from dataclasses import replace

import numpy as np

from evermarket.client.proof import address_bytes, proof_of
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.layout import ORDER
from evermarket.records.session import LOG_ON, Parting, Resume, SessionKind, session_record
from evermarket.records.units import SECOND_NS
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.sessions.actions import Action, Gone, Opened, Said, Send
from evermarket.venue.sessions.events import Arrived, Connected
from evermarket.venue.sessions.session import Session
from evermarket.venue.sessions.terms import Standing, Terms

SECRET = bytes(range(32))
NONCE = bytes(range(32, 64))
HOME = address_bytes("10.0.0.7")
RELAY = address_bytes("10.0.0.1")
TERMS = Terms(epoch=3, owner=1, trading_day=20261123, secret=SECRET, relays=frozenset({RELAY}))
PATIENT = replace(TERMS, relays=frozenset(), heartbeat_ms=60_000, log_on_ns=120 * SECOND_NS)
"""For tests on sockets: no busy machine makes anybody silent or late."""

STANDING = Standing(last_id=10, flow_position=40, told_position=50, rate=0)


class Member:
    """One connection of a line, its end of the wire in our hands."""

    def __init__(self, terms: Terms = TERMS, standing: Standing = STANDING, holders: dict[int, int] | None = None):
        self.holders = {} if holders is None else holders
        self.session = Session(1, terms, self.holders, lambda line: standing)
        self.done: list[Action] = []
        self.now_ns = 0

    def connect(self, address: bytes = HOME) -> "Member":
        self.did(self.session.step(Connected(self.now_ns, address, NONCE)))
        return self

    def did(self, actions: list[Action]) -> list[Action]:
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


def seconds(count: float) -> int:
    return int(count * SECOND_NS)
