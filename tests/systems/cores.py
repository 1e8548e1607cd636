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

from evermarket.client.line import Line
from evermarket.client.proof import address_bytes
from evermarket.client.tickets import DayTicket
from evermarket.continuity.venue.control import ask
from evermarket.continuity.venue.exchange_link import ExchangeLink
from evermarket.continuity.venue.incident import Incident
from evermarket.continuity.venue.opening import plan_of
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy, VenuePlan, found
from evermarket.continuity.venue.supervisor import commands
from evermarket.continuity.venue.switching import switch
from evermarket.records import Records
from evermarket.records.session import Resume
from evermarket.sim.config import SimulationConfig
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.primary.settings import split_address

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
        """kill -9 of the primary, then the one key, turned in a thread of its own as an operator would."""
        self.processes[PRIMARY].send_signal(signal.SIGKILL)
        incident = Incident(self.plan.folder / "incidents", "the primary was killed")
        await asyncio.to_thread(asyncio.run, switch(self.plan, incident, ("a test",), "a drill", lambda: None))
        self.owner = TWIN

    def line(self, number: int, told: Callable[[Records], None], resume: Resume = Resume.RESTART) -> Line:
        """A member's line; it is opened by whoever wants it."""
        key = ticket_for(self.plan.secret, number, self.plan.trading_day, address_bytes("127.0.0.1"))
        return Line(DayTicket(number, self.plan.trading_day, key, self.plan.doors), told, resume=resume)


@contextlib.asynccontextmanager
async def two_cores() -> AsyncIterator[Cores]:
    """Both up and in step, in a folder of their own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cores-") as folder:
        board = SimulationConfig(instruments=40, members=1)
        plan = plan_of(Path(folder) / "v", board, lead_s=0)
        plan = msgspec.structs.replace(plan, services=(), policy=Policy(cancel_only_s=0, follower_silent_ms=10_000))
        found(plan)
        wanted = [child for child in commands(plan) if child.name in (PRIMARY, TWIN)]
        processes = {}
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
