"""A whole day of a venue with the primary killed in continuous trading: open, kill, switch, close, prove, report.

What a newcomer sees in `make demo`; what a drill repeats. The supervisor is a process of its own, as with `up`. What
`status --watch` would have shown is recorded beside the report.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from evermarket.continuity.venue.look import Status, completed
from evermarket.continuity.venue.opening import (
    is_over,
    is_owned_by,
    open_venue,
    start_supervisor,
    stop_supervisor,
    wait_for,
    wait_until_ready,
)
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy, VenuePlan
from evermarket.continuity.venue.proof import Proof
from evermarket.continuity.venue.recording import Recording, recorded
from evermarket.continuity.venue.reopening import clock
from evermarket.continuity.venue.report import VenueReport, write_report
from evermarket.continuity.venue.terminal import rendered
from evermarket.sim.config import SimulationConfig
from evermarket.sim.members import make_lines

READY_S = 300.0
PATIENCE_S = 300.0
PATIENT_MS = 5_000
"""Nothing but the kill shall end the primary, also where other work takes the processor."""
RECORDING = "terminal.cast"

Say = Callable[[str], None]


def run_drill(folder: Path, board: SimulationConfig, *, speed: int, kill_after: int, say: Say) -> VenueReport:
    """Run it. `kill_after`: the primary dies once so many commands are answered. Errors: TimeoutError."""
    policy = Policy(unattended_switch=True, silent_ms=PATIENT_MS, follower_silent_ms=PATIENT_MS)
    plan = open_venue(folder / "venue", board, speed=speed, services=("crowd",), policy=policy)
    supervisor = start_supervisor(plan)
    with recorded(folder / RECORDING, f"Evermarket {plan.trading_day}: the primary is killed") as recording:

        def tell(text: str) -> None:
            say(text)
            recording.say(text)

        try:
            _day(plan, kill_after, tell, lambda status: _show(plan, recording, status))
        finally:
            stop_supervisor(supervisor)
        report = write_report(plan, TWIN, folder)
        recording.say(in_short(report.proof))
    return report


def in_short(proof: Proof) -> str:
    """What counts, in a line."""
    facts = f"acknowledged {proof.acknowledged:,}, lost {proof.lost}, doubled {proof.doubled}"
    return f"{facts}, switch {proof.silence_ms:.1f} ms"


def _day(plan: VenuePlan, kill_after: int, say: Say, see: Callable[[Status], None]) -> None:
    wait_until_ready(plan, READY_S, say, see)
    say("both cores stand, every member is logged on")
    status = wait_for(plan, "trading", lambda now: int(now["crowd"]["answered"]) >= kill_after, PATIENCE_S, see)
    say(f"{_clock(status)}  {status['crowd']['answered']:,} commands answered; the primary is killed (kill -9)")
    os.kill(int((plan.folder / f"{PRIMARY}.pid").read_text("utf-8")), signal.SIGKILL)
    status = wait_for(plan, "the switch", is_owned_by(TWIN), PATIENCE_S, see)
    say(f"{_clock(status)}  the twin owns the market, epoch {status['seat']['epoch']}")
    status = wait_for(plan, "the close", is_over, PATIENCE_S, see)
    say(f"{_clock(status)}  the day is over")


def _show(plan: VenuePlan, recording: Recording, status: Status) -> None:
    if recording.is_due:
        recording.show(rendered(asyncio.run(completed(plan, status)), len(make_lines(plan.board.members))))


def _clock(status: Status) -> str:
    """The market's time of day."""
    return clock(int(status["market_ns"]))
