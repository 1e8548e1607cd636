"""Making a venue's folder for a day, and waiting until it stands."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evermarket.continuity.venue.control import ask
from evermarket.continuity.venue.plan import PRIMARY, SERVICES, Policy, VenuePlan, found, free_ports
from evermarket.records.kinds import Make
from evermarket.records.units import SECOND_NS
from evermarket.sim.config import SimulationConfig
from evermarket.sim.hours import hours_of
from evermarket.venue.clock import Clock
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.frames import CoreName, JournalSeal

LEAD_S = 12
"""Real seconds between the opening of a venue and the first step of an accelerated day: the cores start meanwhile."""


def open_venue(
    folder: Path,
    board: SimulationConfig,
    *,
    speed: int = 1,
    rate: int = 0,
    services: tuple[str, ...] = SERVICES,
    policy: Policy | None = None,
    lead_s: int = LEAD_S,
) -> VenuePlan:
    """A venue whose day begins `lead_s` from now. Errors: FileExistsError."""
    _compile()
    begin_ns = time.time_ns() + lead_s * SECOND_NS
    clock = Clock(begin_ns, hours_of(board).start_ns, speed)
    plan = VenuePlan(folder.resolve(), clock, board, free_ports(), rate, policy or Policy(), services)
    found(plan)
    return plan


def _compile() -> None:
    """Kernels that no process of this venue then has to compile while its clock runs."""
    from evermarket.venue.primary.warm import warm_up

    seal = JournalSeal(0, {PRIMARY: CoreName(1, Make.PRIMARY)})
    warm_up(Settings(PRIMARY, (PRIMARY,), seal))


def status_of(plan: VenuePlan) -> dict[str, Any]:
    """The supervisor's answer. Errors: OSError, TimeoutError."""
    return asyncio.run(ask(plan.folder / "control", "status"))


def is_ready(status: dict[str, Any]) -> bool:
    """Whether the owner matches, the twin is in step, and members that are to come are there."""
    seat, cores = status.get("seat") or {}, status.get("cores", {})
    owner = cores.get(seat.get("owner", ""), {})
    crowd = status.get("crowd")
    members_are_there = "crowd" not in status.get("processes", {}) or bool(crowd and crowd["open"] == crowd["lines"])
    return owner.get("state") == "MATCH" and len(seat.get("in_step", ())) > 1 and members_are_there


def wait_until_ready(
    plan: VenuePlan, patience_s: float, look_s: float, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """The first status that is ready. Errors: TimeoutError with the last status seen."""
    deadline, last, said = time.monotonic() + patience_s, {}, ""
    while time.monotonic() < deadline:
        try:
            last = status_of(plan)
        except (OSError, TimeoutError, ValueError):
            last = {}
        if is_ready(last):
            return last
        states = {name: core.get("state", "?") for name, core in last.get("cores", {}).items()}
        text = f"waiting: {states or 'the supervisor starts'}"
        if text != said:
            say(text)
            said = text
        time.sleep(look_s)
    raise TimeoutError(f"the venue does not stand after {patience_s:.0f} s: {last}")
