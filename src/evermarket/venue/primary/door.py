"""The members' door of a primary: open while it owns the seat; and the board of its lines for operators."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from evermarket.client.proof import address_bytes
from evermarket.records.kinds import Make
from evermarket.venue.primary.settings import PrimarySettings
from evermarket.venue.protocol.owner import Owner
from evermarket.venue.sessions import Acceptor, Terms
from evermarket.venue.sessions.acceptor import Behind


class PrimaryDoor:
    """Members' connections of a primary. FENCED to everybody while it does not own the seat."""

    def __init__(self, settings: PrimarySettings, behind: Behind) -> None:
        terms = Terms(
            epoch=0,
            trading_day=settings.trading_day,
            secret=Path(settings.secret).read_bytes(),
            make=Make(settings.own.make),
            is_owner=False,
            rate=settings.rate,
            heartbeat_ms=settings.heartbeat_ms,
            relays=frozenset(address_bytes(relay) for relay in settings.relays),
        )
        self.acceptor = Acceptor(terms, behind)

    def follow_seat(self, epoch: int, epoch_known: int) -> None:
        """Let members in while this core owns `epoch`; 0: send them away, `epoch_known` is the highest it knows of."""
        terms = self.acceptor.terms
        if epoch and not terms.is_owner:
            self.acceptor.terms = replace(terms, epoch=epoch, is_owner=True)
        elif not epoch and terms.is_owner:
            self.acceptor.supersede(epoch_known)
        elif not epoch and terms.epoch != epoch_known:
            self.acceptor.terms = replace(terms, epoch=epoch_known)

    def board(self, owner: Owner | None) -> dict[str, Any]:
        """How far each line is (docs/sessions.md, Readiness); nobody is anywhere where there is no owner."""
        lines = {}
        for session in self.acceptor.sessions() if owner is not None else ():
            state = session.line_state
            lines[str(session.line)] = {
                "state": state.name,
                "why": state.why,
                "received": max(state.received, 0),
                "flow": owner.door.own_position(session.line) if owner is not None else 0,
                "since_ns": self.acceptor.real_ns + state.since_ns,
            }
        return {"lines": lines, "at_ns": time.time_ns()}
