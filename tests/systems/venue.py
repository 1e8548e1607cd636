"""A venue for a test: its own folder, its supervisor as a process, and words to wait for what must happen."""

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
from evermarket.sim.config import SimulationConfig

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


@contextmanager
def a_venue(folder: Path, *, unattended: bool, orders: int = 3_000, speed: int = 1_200) -> Iterator[Venue]:
    """Up and ready; whatever happens, nothing of it is left running."""
    board = SimulationConfig(seed=3, members=4, orders=orders, instruments=60, bad_per_million=0, indicate_s=60)
    plan = open_venue(
        folder,
        board,
        speed=speed,
        services=("crowd",),
        policy=Policy(unattended, silent_ms=2_000, follower_silent_ms=3_000),
    )
    supervisor = start_supervisor(plan)
    try:
        wait_until_ready(plan, READY_S)
        yield Venue(plan)
    finally:
        stop_supervisor(supervisor)
