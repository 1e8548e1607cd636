"""A whole day of a venue with the primary killed in continuous trading: open, kill, switch, close, prove, report.

What a newcomer sees in `make demo`; what a drill repeats. The supervisor is a process of its own, as with `up`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evermarket.continuity.venue.opening import open_venue, status_of, wait_until_ready
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy, VenuePlan
from evermarket.continuity.venue.report import VenueReport, write_report
from evermarket.sim.config import SimulationConfig

READY_S = 300.0
PATIENCE_S = 300.0
LOOK_S = 0.1
PATIENT_MS = 5_000
"""Nothing but the kill shall end the primary, also where other work takes the processor."""
STOP_S = 20.0
ZONE_S = 8 * 3_600
"""Taipei shows UTC and eight hours."""

Say = Callable[[str], None]


class DrillFailed(RuntimeError):  # noqa: N818
    """The day did not come to its end; the sentence says how far it came, the venue's logs why."""


def run_drill(folder: Path, board: SimulationConfig, *, speed: int, kill_after: int, say: Say) -> VenueReport:
    """Run it. `kill_after`: the primary dies once so many commands are answered. Errors: DrillFailed, TimeoutError."""
    policy = Policy(unattended_switch=True, silent_ms=PATIENT_MS, follower_silent_ms=PATIENT_MS)
    plan = open_venue(folder / "venue", board, speed=speed, services=("crowd",), policy=policy)
    log = (plan.folder / "logs" / "supervisor.log").open("ab")
    argv = [sys.executable, "-m", "evermarket.continuity.venue.supervisor", str(plan.folder)]
    supervisor = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until_ready(plan, READY_S, LOOK_S, say)
        say("both cores stand, every member is logged on")
        status = _wait(plan, lambda now: int(now["crowd"]["answered"]) >= kill_after)
        say(f"{_clock(status)}  {status['crowd']['answered']:,} commands answered; the primary is killed (kill -9)")
        os.kill(int((plan.folder / f"{PRIMARY}.pid").read_text("utf-8")), signal.SIGKILL)
        status = _wait(plan, lambda now: now["seat"]["owner"] == TWIN and now["cores"][TWIN].get("state") == "MATCH")
        say(f"{_clock(status)}  the twin owns the market, epoch {status['seat']['epoch']}")
        status = _wait(plan, lambda now: now["processes"]["conductor"]["done"] and now["crowd"]["is_over"])
        say(f"{_clock(status)}  the day is over")
    finally:
        supervisor.terminate()
        with suppress(subprocess.TimeoutExpired):
            supervisor.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(supervisor.pid, signal.SIGKILL)
    return write_report(plan, TWIN, folder)


def _wait(plan: VenuePlan, is_true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline, status = time.monotonic() + PATIENCE_S, dict[str, Any]()
    while time.monotonic() < deadline:
        with suppress(OSError, TimeoutError, ValueError, KeyError):
            status = status_of(plan)
            if is_true(status):
                return status
        time.sleep(LOOK_S)
    raise DrillFailed(f"the venue in {plan.folder} stands still: {status}; see its logs")


def _clock(status: dict[str, Any]) -> str:
    """The market's time of day."""
    return datetime.fromtimestamp(status["market_ns"] / 1e9 + ZONE_S, UTC).strftime("%H:%M:%S")
