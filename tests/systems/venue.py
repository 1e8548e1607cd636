"""A venue for a test: its own folder, its supervisor as a process, and words to wait for what must happen."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from evermarket.continuity.venue.opening import open_venue, status_of, wait_until_ready
from evermarket.continuity.venue.plan import Policy, VenuePlan
from evermarket.continuity.venue.proof import Proof, prove
from evermarket.sim.config import SimulationConfig

READY_S = 240.0
PATIENCE_S = 240.0
LOOK_S = 0.02


class Venue:
    """A venue that runs."""

    def __init__(self, plan: VenuePlan, supervisor: subprocess.Popen[bytes]) -> None:
        self.plan = plan
        self.supervisor = supervisor

    def status(self) -> dict[str, Any]:
        return status_of(self.plan)

    def wait(self, what: str, is_true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status for which this holds."""
        deadline = time.monotonic() + PATIENCE_S
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            status = self.status()
            if is_true(status):
                return status
            time.sleep(LOOK_S)
        raise AssertionError(f"{what}: not within {PATIENCE_S:.0f} s\n{json.dumps(status, indent=1)}\n{self.logs()}")

    def wait_until_over(self) -> dict[str, Any]:
        """The exchange has sent everything of the day, and every member has every answer."""
        return self.wait("the day is over", lambda s: s["processes"]["conductor"]["done"] and s["crowd"]["is_over"])

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(int((self.plan.folder / f"{name}.pid").read_text("utf-8")), number)

    def prove(self, owner: str) -> Proof:
        return prove(self.plan.folder / "members", self.plan.own(owner) / "journal")

    def logs(self) -> str:
        """The ends of what the processes said."""
        paths = sorted((self.plan.folder / "logs").iterdir())
        return "\n".join(f"== {path.name}\n" + path.read_text("utf-8", "replace")[-2_000:] for path in paths)


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
    argv = [sys.executable, "-m", "evermarket.continuity.venue.supervisor", str(plan.folder)]
    log = (plan.folder / "logs" / "supervisor.log").open("ab")
    supervisor = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    venue = Venue(plan, supervisor)
    try:
        wait_until_ready(plan, READY_S, LOOK_S)
        yield venue
    finally:
        supervisor.terminate()
        try:
            supervisor.wait(20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(supervisor.pid, signal.SIGKILL)
