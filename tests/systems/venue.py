"""A venue for a test: its own folder, its supervisor as a process, and words to wait for what must happen."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.opening import (
    is_over,
    open_venue,
    start_supervisor,
    stop_supervisor,
    wait_for,
    wait_until_ready,
)
from evermarket.continuity.venue.plan import Policy, VenuePlan
from evermarket.continuity.venue.proof import Proof, prove
from evermarket.continuity.venue.timetable import Timetable
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day import SimulatedDay
from evermarket.sim.day_steps import day_steps
from evermarket.venue.line.reader import released

READY_S = 240.0
PATIENCE_S = 240.0


class Venue:
    """A venue that runs."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan

    def wait(self, what: str, is_true: Callable[[Status], bool]) -> Status:
        """The first status for which this holds."""
        return wait_for(self.plan, what, is_true, PATIENCE_S)

    def wait_until_over(self) -> Status:
        """The exchange has sent everything of the day, and every member has every answer."""
        return self.wait("the day is over", is_over)

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(int((self.plan.folder / f"{name}.pid").read_text("utf-8")), number)

    def prove(self, owner: str) -> Proof:
        return prove(self.plan.folder / "members", self.plan.own(owner) / "journal")


QUIET_S = 3_601
"""Seconds from the day's first step: just behind the opening of continuous trading. The timetable is silent then for
ten minutes (until odd lots are matched), so nothing but what members send changes a position."""


@contextmanager
def a_quiet_venue(folder: Path, *, rate: int = 0) -> Iterator[Venue]:
    """In continuous trading, in real time, without simulated members: both cores, identity service, FIX and relay. A
    primary that dies is followed by the twin without asking."""
    every_s = {"disposition_s": 3_600, "altered_s": 3_600, "bond_s": 3_600}
    board = SimulationConfig(seed=3, members=4, orders=0, instruments=60, indicate_s=0, **every_s)
    policy = Policy(unattended_switch=True, silent_ms=2_000, follower_silent_ms=3_000, cancel_only_s=0)
    plan = open_venue(
        folder,
        board,
        rate=rate,
        services=("identity", "fix", "relay"),
        policy=policy,
        skip_s=QUIET_S,
    )
    supervisor = start_supervisor(plan)
    try:
        wait_until_ready(plan, READY_S)
        asyncio.run(_settled(plan))
        yield Venue(plan)
    finally:
        stop_supervisor(supervisor)


async def _settled(plan: VenuePlan) -> None:
    """Everything that the timetable has by now is released."""
    timetable = Timetable(SimulatedDay(plan.board).reference(), day_steps(plan.board))
    async with asyncio.timeout(PATIENCE_S):
        async for piece in released(plan.lines):
            timetable.take(piece.records)
            if not len(timetable.due(plan.clock.now_ns())):
                return


@contextmanager
def a_venue(
    folder: Path,
    *,
    unattended: bool,
    orders: int = 3_000,
    speed: int = 1_200,
    services: tuple[str, ...] = ("crowd",),
) -> Iterator[Venue]:
    """Up and ready; whatever happens, nothing of it is left running."""
    board = SimulationConfig(seed=3, members=4, orders=orders, instruments=60, bad_per_million=0, indicate_s=60)
    plan = open_venue(
        folder,
        board,
        speed=speed,
        services=services,
        policy=Policy(unattended, silent_ms=2_000, follower_silent_ms=3_000),
    )
    supervisor = start_supervisor(plan)
    try:
        wait_until_ready(plan, READY_S)
        yield Venue(plan)
    finally:
        stop_supervisor(supervisor)
