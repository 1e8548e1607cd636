"""Between the sessions' shell and the node: who logs on, says and leaves; what each connection is told."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evermarket.client.proof import address_bytes
from evermarket.records import Records
from evermarket.records.kinds import Make
from evermarket.records.session import SessionKind
from evermarket.venue.primary.settings import PrimarySettings
from evermarket.venue.protocol.events import Drained, Gone, Opened, Said
from evermarket.venue.sessions import Acceptor, Standing, Terms
from evermarket.venue.sessions import actions as session
from evermarket.venue.sessions.terms import REPLAY_BYTES

if TYPE_CHECKING:
    from evermarket.venue.primary.process import Primary


class PrimaryDoor:
    """Members' connections of a primary. FENCED to everybody while it does not own the seat."""

    def __init__(self, settings: PrimarySettings, core: "Primary") -> None:
        self._core = core
        self._rate = settings.rate
        self._waiting: set[str] = set()
        self._terms = Terms(
            epoch=0,
            owner=settings.own.number,
            trading_day=settings.trading_day,
            secret=Path(settings.secret).read_bytes(),
            make=Make(settings.own.make),
            is_owner=False,
            heartbeat_ms=settings.heartbeat_ms,
            relays=frozenset(address_bytes(relay) for relay in settings.relays),
        )
        self.acceptor = Acceptor(self._terms, self)

    async def open(self, host: str, port: int) -> None:
        await self.acceptor.open(host, port)

    async def close(self) -> None:
        await self.acceptor.close()

    def follow_seat(self, epoch: int, epoch_known: int) -> None:
        """Let members in while this core owns `epoch`; 0: send them away, `epoch_known` is the highest it knows of."""
        terms = self.acceptor.terms
        if epoch and not terms.is_owner:
            self.acceptor.terms = replace(terms, epoch=epoch, is_owner=True)
        elif not epoch and terms.is_owner:
            self.acceptor.supersede(epoch_known)
        elif not epoch and terms.epoch != epoch_known:
            self.acceptor.terms = replace(terms, epoch=epoch_known)

    def board(self) -> dict[str, Any]:
        """How far each line is, for operators (docs/sessions.md, Readiness)."""
        owner = self._core.node.owner
        lines = {}
        for session in self.acceptor.sessions() if owner is not None else ():
            state = session.line_state
            lines[str(session.line)] = {
                "state": state.name,
                "why": state.why,
                "received": max(state.received, 0),
                "flow": owner.door.own_position(session.line),
                "since_ns": self.acceptor.real_ns + state.since_ns,
            }
        return {"lines": lines, "at_ns": time.time_ns()}

    # --- from the node ----------------------------------------------------------------------------------------

    def tell(self, connection: str, records: Records, *, more: bool) -> None:
        """Records of a flow. LOGGED_ON and FENCED are said by the session itself."""
        if records["kind"][0] in (SessionKind.LOGGED_ON, SessionKind.FENCED):
            return
        number = int(connection)
        self.acceptor.tell(number, records)
        if not more:
            return
        if self.acceptor.waiting(number) < REPLAY_BYTES:
            self._core.step(Drained(connection))
        else:
            self._waiting.add(connection)

    # --- from the sessions ------------------------------------------------------------------------------------

    def standing(self, line: int) -> Standing:
        owner = self._core.node.owner
        assert owner is not None, "a session without an owner"
        own, flow = owner.door, self._core.node.body.flow
        return Standing(flow.last_id(line), own.own_position(line), own.told_position(line), self._rate if line else 0)

    def opened(self, event: session.Opened) -> None:
        wanted = Opened(str(event.connection), event.line, event.resume, event.after_position, event.wish, self._rate)
        self._core.step(wanted)

    def said(self, event: session.Said) -> None:
        self._core.step(Said(str(event.connection), event.commands))

    def gone(self, event: session.Gone) -> None:
        self._waiting.discard(str(event.connection))
        self._core.step(Gone(str(event.connection)))

    def room(self, connection: int) -> None:
        if str(connection) in self._waiting:
            self._waiting.discard(str(connection))
            self._core.step(Drained(str(connection)))

    def alarm(self, text: str) -> None:
        self._core.status.alarm(text)
