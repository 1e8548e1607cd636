"""A member of a venue with our own client: logged on by password, everything it is told kept as it came."""

import asyncio
import hashlib
import json
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from evermarket.client import Client, Contract, Report, fetch_ticket
from evermarket.continuity.venue.plan import VenuePlan
from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.session import FIRST_SESSION_KIND, FlowFlag
from tests.venue.fix.live import PATIENCE_S

REAL_TIME = ("time",)
"""Fields that hold real time."""


class Member:
    """One line of the guests. `told`: one report a record, in order. With `is_tls` it goes through the relay."""

    def __init__(
        self,
        plan: VenuePlan,
        line: int,
        *,
        resume: str = "restart",
        is_public_wanted: bool = False,
        is_tls: bool = False,
    ) -> None:
        path = plan.folder / "members" / "guests" / f"member-{line:05d}.json"
        self._papers: dict[str, Any] = json.loads(path.read_text("utf-8"))
        tls = ssl.create_default_context(cafile=str(plan.folder / "members" / "ca.pem")) if is_tls else None
        self._doors = plan.tls_doors if is_tls else ()
        self.client = Client(contracts_of(plan), resume=resume, is_public_wanted=is_public_wanted, tls=tls)
        self.client.set_order_callback(self._take)
        self.told: list[Report] = []
        self._news = asyncio.Event()

    async def log_on(self, position: int = 0) -> "Member":
        """By line, broker and password, at the identity service, then at whichever core owns the market."""
        papers = self._papers
        asked = (papers["identity_url"], papers["line"], papers["broker"], papers["password"])
        ticket = await asyncio.to_thread(fetch_ticket, *asked)
        await self.client.connect(ticket, doors=self._doors, position=position)
        return self

    async def until(self, is_so: Callable[[], object]) -> None:
        """Return once this holds after something was told."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, op_type: str, count: int = 1) -> None:
        """Until so many such records were told, all in all."""
        await self.until(lambda: self.count(op_type) >= count)

    def count(self, op_type: str) -> int:
        return sum(report.kind.name == op_type for report in self.told)

    def _take(self, kind: str, report: Report) -> None:
        self.told.append(report)
        self._news.set()


def contracts_of(plan: VenuePlan) -> list[Contract]:
    """The board of a venue as contracts."""
    from evermarket.sim.board import make_board

    return [Contract(instrument=one.instrument, code=one.code, lot=one.lot) for one in make_board(plan.board)]


def flow_of(told: Iterable[Report]) -> list[dict[str, object]]:
    """The records of the flow with all their fields, real time and the mark of a repetition left out."""
    flow = []
    for report in told:
        if report.kind < FIRST_SESSION_KIND:
            values = {name: value for name, value in report.values.items() if name not in REAL_TIME}
            values["flags"] = int(values["flags"]) & ~FlowFlag.REPEAT
            flow.append(values)
    return flow


def places_of(journal: Records) -> dict[int, int]:
    """Position -> how many records stand up to there, those left out with which the exchange, on a new connection, asks
    how far its own commands were taken: cancels of no order by line 0, and their refusals."""
    rows = journal.view(LAYOUT[Kind.REJECTED])
    is_question = (rows["line"] == 0) & (rows["order_no"] == 0)
    is_question &= (rows["kind"] == Kind.CANCEL) | ((rows["kind"] == Kind.REJECTED) & (rows["command"] == Kind.CANCEL))
    places = np.cumsum(~is_question)
    return dict(zip(journal["position"].tolist(), places.tolist(), strict=True))


def hash_of(flow: list[dict[str, object]]) -> str:
    """One number for a flow."""
    return hashlib.sha256(repr(flow).encode()).hexdigest()
