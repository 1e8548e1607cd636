"""A whole day of a venue with the primary killed in continuous trading: open, kill, switch, close, prove, report.

What a newcomer sees in `make demo`; what a drill repeats. The supervisor is a process of its own, as with `up`.
"""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.opening import (
    is_over,
    is_owned_by,
    open_venue,
    start_supervisor,
    stop_supervisor,
    wait_for,
    wait_until_ready,
)
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy
from evermarket.continuity.venue.report import VenueReport, write_report
from evermarket.sim.config import SimulationConfig

READY_S = 300.0
PATIENCE_S = 300.0
PATIENT_MS = 5_000
"""Nothing but the kill shall end the primary, also where other work takes the processor."""
ZONE_S = 8 * 3_600
"""Taipei shows UTC and eight hours."""

Say = Callable[[str], None]


def run_drill(folder: Path, board: SimulationConfig, *, speed: int, kill_after: int, say: Say) -> VenueReport:
    """Run it. `kill_after`: the primary dies once so many commands are answered. Errors: TimeoutError."""
    policy = Policy(unattended_switch=True, silent_ms=PATIENT_MS, follower_silent_ms=PATIENT_MS)
    plan = open_venue(folder / "venue", board, speed=speed, services=("crowd",), policy=policy)
    supervisor = start_supervisor(plan)
    try:
        wait_until_ready(plan, READY_S, say)
        say("both cores stand, every member is logged on")
        status = wait_for(plan, "trading", lambda now: int(now["crowd"]["answered"]) >= kill_after, PATIENCE_S)
        say(f"{_clock(status)}  {status['crowd']['answered']:,} commands answered; the primary is killed (kill -9)")
        os.kill(int((plan.folder / f"{PRIMARY}.pid").read_text("utf-8")), signal.SIGKILL)
        status = wait_for(plan, "the switch", is_owned_by(TWIN), PATIENCE_S)
        say(f"{_clock(status)}  the twin owns the market, epoch {status['seat']['epoch']}")
        status = wait_for(plan, "the close", is_over, PATIENCE_S)
        say(f"{_clock(status)}  the day is over")
    finally:
        stop_supervisor(supervisor)
    return write_report(plan, TWIN, folder)


def _clock(status: Status) -> str:
    """The market's time of day."""
    return datetime.fromtimestamp(status["market_ns"] / 1e9 + ZONE_S, UTC).strftime("%H:%M:%S")
