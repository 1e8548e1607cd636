"""Two cores as processes and nothing else: no timetable, no crowd. A test is the exchange, and the members."""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgspec
import numpy as np

from evermarket.client.line import Line
from evermarket.continuity.venue.children import commands
from evermarket.continuity.venue.exchange_link import ExchangeLink
from evermarket.continuity.venue.incident import Incident
from evermarket.continuity.venue.opening import plan_of
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy, VenuePlan, found
from evermarket.continuity.venue.switching import released_by_primary, switch
from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import ALLOW_CONTINUOUS, Mode, OrdType, Phase, Right, Segment, Side, Tif
from evermarket.records.session import Resume
from evermarket.sim.config import SimulationConfig
from evermarket.venue.control import ask
from evermarket.venue.primary.settings import split_address
from tests.systems.drills.wire import Wire

PATIENCE_S = 120.0


class Cores:
    """Primary and twin of a venue, in step, and the exchange's own session."""

    def __init__(self, plan: VenuePlan, processes: dict[str, Popen[bytes]], link: ExchangeLink) -> None:
        self.plan = plan
        self.processes = processes
        self.link = link
        self.owner = PRIMARY

    async def status(self) -> dict[str, Any]:
        return await ask(self.plan.own(self.owner) / "control", "status", 10.0)

    async def until(self, what: str, is_true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The owner's first status for which this holds."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(OSError, ValueError, TimeoutError):
                    status = await self.status()
                    if is_true(status):
                        return status
                await asyncio.sleep(0.01)
        raise AssertionError(what)

    async def kill_and_switch(self) -> None:
        """kill -9 of the primary, then the switch."""
        self.processes[PRIMARY].send_signal(signal.SIGKILL)
        await self.switch()

    async def switch(self) -> None:
        """The one key, turned in a thread of its own as an operator would; nothing is done to the primary."""
        incident = Incident(self.plan.folder / "incidents", "a drill")
        facts = {"released": await released_by_primary(self.plan), "held": False}
        turning = switch(self.plan, incident, ("a test",), "a drill", lambda: None, **facts)
        await asyncio.to_thread(asyncio.run, turning)
        self.owner = TWIN

    def line(
        self,
        number: int,
        told: Callable[[Records], None],
        resume: Resume = Resume.RESTART,
        doors: tuple[str, ...] = (),
    ) -> Line:
        """A member's line; it is opened by whoever wants it. `doors`: others than those of the plan."""
        return Line(self.plan.ticket(number, doors), told, resume=resume)


@contextlib.asynccontextmanager
async def two_cores(follower_line: Wire | None = None) -> AsyncIterator[Cores]:
    """Both up and in step, in a folder of their own that is gone afterwards; the twin follows over a wire, if given."""
    with tempfile.TemporaryDirectory(prefix="cores-") as folder:
        board = SimulationConfig(instruments=40, members=1)
        plan = plan_of(Path(folder) / "v", board, lead_s=0)
        plan = msgspec.structs.replace(plan, services=(), policy=Policy(cancel_only_s=0, follower_silent_ms=10_000))
        found(plan)
        wanted = [child for child in commands(plan) if child.name in (PRIMARY, TWIN)]
        processes = {}
        if follower_line is not None:
            lines = plan.cores[0].lines
            follower_line.target = split_address(lines)
            wanted[1].argv = [follower_line.address if word == lines else word for word in wanted[1].argv]
        for child in wanted:
            with (plan.folder / "logs" / f"{child.name}.log").open("ab") as log:
                processes[child.name] = Popen(child.argv, stdout=log, stderr=log)
        link = ExchangeLink([split_address(door) for door in plan.doors], plan.trading_day, plan.secret)
        linking = asyncio.create_task(link.run())
        try:
            cores = Cores(plan, processes, link)
            await cores.until("in step", lambda status: status["state"] == "MATCH" and TWIN in status["in_step"])
            async with asyncio.timeout(PATIENCE_S):
                while not link.is_open:
                    await asyncio.sleep(0.01)
            yield cores
        finally:
            linking.cancel()
            await asyncio.wait([linking])
            for process in processes.values():
                process.kill()
                process.wait()


def market(lines: int) -> Records:
    """Lines, one book without limits, continuous trading."""
    tick, line, book = blank(Kind.REF_TICK), blank(Kind.REF_LINE, lines), blank(Kind.REF_INSTRUMENT)
    tick["tick"], tick["table"] = 100, 1
    line["line"], line["member"], line["rights"] = np.arange(1, lines + 1), np.arange(1, lines + 1), Right.ORDERS
    book["instrument"], book["attributes"], book["group"], book["table"] = 1, Segment.REGULAR, 1, 1
    book["qty_min"], book["lot"], book["qty_max"], book["product"] = 1, 1, 1_000_000, 1
    book["allow"] = int(ALLOW_CONTINUOUS)
    price, phase = blank(Kind.REF_PRICES), blank(Kind.PHASE)
    price["instrument"], price["attributes"], price["reference"] = 1, Segment.REGULAR, 1_000_000
    price["limit_up"] = price["limit_down"] = price["previous_close"] = NO_PRICE
    phase["group"], phase["code"], phase["mode"], phase["allow"] = 1, Phase.CONTINUOUS, Mode.CONTINUOUS, book["allow"]
    return np.concatenate([part.view("V64") for part in (tick, line, book, price, phase)]).view(HEADER)


def orders(count: int) -> Records:
    """Purchases that rest."""
    rows = blank(Kind.NEW, count)
    rows["instrument"], rows["attributes"], rows["price"], rows["qty"] = 1, Segment.REGULAR, 1_000_000, 1
    rows["side"], rows["ord_type"], rows["tif"], rows["account"] = Side.BUY, OrdType.LIMIT, Tif.ROD, 1
    return rows.view(HEADER)
