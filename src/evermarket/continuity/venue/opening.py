"""Making a venue's folder for a day, starting its supervisor, and waiting until it is as one wants it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from evermarket.continuity.venue.listening import listen
from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.plan import PRIMARY, SERVICES, TWIN, Policy, VenuePlan, found, free_ports
from evermarket.records import HEADER
from evermarket.records.kinds import Make
from evermarket.records.units import SECOND_NS
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day import SimulatedDay
from evermarket.sim.hours import hours_of
from evermarket.venue.clock import Clock
from evermarket.venue.control import ask
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.frames import CoreName, JournalSeal

LEAD_S = 8
"""Real seconds between the opening of a venue and the first step of an accelerated day on a machine that does nothing
else: the cores start meanwhile."""

LEAD_S_MAX = 60

LOOK_S = 0.05
STOP_S = 20.0


def _no_one(_: Status) -> None:
    """Nobody wants to see it."""


def open_venue(
    folder: Path,
    board: SimulationConfig,
    *,
    speed: int = 1,
    rate: int = 0,
    services: tuple[str, ...] = SERVICES,
    policy: Policy | None = None,
    lead_s: int | None = None,
    skip_s: int = 0,
) -> VenuePlan:
    """A venue whose day begins `lead_s` from now, `lead()` if that is not said, and `skip_s` seconds behind the first
    step of its timetable; steps that are past by then are taken at once. Errors: FileExistsError."""
    if {"feed", "page"} & set(services):
        _compile_feed()
    plan = plan_of(folder, board, speed=speed, lead_s=lead_s, skip_s=skip_s)
    plan = msgspec.structs.replace(plan, rate=rate, services=services, policy=policy or Policy())
    found(plan)
    return plan


def plan_of(
    folder: Path, board: SimulationConfig, *, speed: int = 1, lead_s: int | None = None, skip_s: int = 0
) -> VenuePlan:
    """The plan of such a venue; nothing is written yet."""
    _compile()
    begin_ns = time.time_ns() + (lead() if lead_s is None else lead_s) * SECOND_NS
    clock = Clock(begin_ns, hours_of(board).start_ns + skip_s * SECOND_NS, speed)
    return VenuePlan(folder.resolve(), clock, board, free_ports())


def lead() -> int:
    """Real seconds that the processes of a venue need to start beside whatever else this machine does now."""
    return min(LEAD_S_MAX, LEAD_S + round(2 * os.getloadavg()[0]))


def _compile() -> None:
    """Kernels that no process of this venue then has to compile while its clock runs."""
    from evermarket.venue.primary.warm import warm_up

    seal = JournalSeal(0, {PRIMARY: CoreName(1, Make.PRIMARY)})
    warm_up(Settings(PRIMARY, (PRIMARY,), seal))
    next(SimulatedDay(SimulationConfig(members=4, orders=1, instruments=60)).batches())


def _compile_feed() -> None:
    """The fold of the public books, which two processes of a venue would otherwise compile side by side."""
    from evermarket.venue.feed.book import FeedFold

    FeedFold().take(np.zeros(0, HEADER))


def start_supervisor(plan: VenuePlan, environment: Mapping[str, str] = os.environ) -> subprocess.Popen[bytes]:
    """The venue's supervisor, in a session of its own: it outlives whoever started it."""
    argv = [sys.executable, "-m", "evermarket.continuity.venue.supervisor", str(plan.folder)]
    with (plan.folder / "logs" / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, env=dict(environment)
        )


def stop_supervisor(supervisor: subprocess.Popen[bytes]) -> None:
    """End it and, whatever it does, all that it started."""
    supervisor.terminate()
    with suppress(subprocess.TimeoutExpired):
        supervisor.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(supervisor.pid, signal.SIGKILL)


def status_of(plan: VenuePlan) -> Status:
    """The supervisor's answer. Errors: OSError, TimeoutError."""
    return asyncio.run(ask(plan.folder / "control", "status"))


def is_ready(status: Status) -> bool:
    """Whether the owner matches, the twin is in step or the owner; members due are there, and services listen."""
    seat, cores = status.get("seat") or {}, status.get("cores", {})
    owner = cores.get(seat.get("owner", ""), {})
    crowd = status.get("crowd")
    members_are_there = "crowd" not in status.get("processes", {}) or bool(crowd and crowd["open"] == crowd["lines"])
    is_followed = len(seat.get("in_step", ())) > 1 or seat.get("owner") == TWIN
    cores_are_there = owner.get("state") == "MATCH" and is_followed
    return cores_are_there and members_are_there and listen(status)


def is_owned_by(name: str) -> Callable[[Status], bool]:
    """Whether a core owns the seat and matches."""
    return lambda status: status["seat"]["owner"] == name and status["cores"][name].get("state") == "MATCH"


def is_over(status: Status) -> bool:
    """Whether the exchange has sent everything of the day, and every simulated member has every answer."""
    return bool(status["processes"]["conductor"]["done"] and status["crowd"]["is_over"])


def wait_for(
    plan: VenuePlan,
    what: str,
    is_true: Callable[[Status], bool],
    patience_s: float,
    see: Callable[[Status], None] = _no_one,
) -> Status:
    """The first status for which this holds; `see` is shown each. Errors: TimeoutError with the last status seen."""
    deadline, last = time.monotonic() + patience_s, Status()
    while time.monotonic() < deadline:
        with suppress(OSError, TimeoutError, ValueError, KeyError):
            last = status_of(plan)
            see(last)
            if is_true(last):
                return last
        time.sleep(LOOK_S)
    raise TimeoutError(f"{what}: not within {patience_s:.0f} s, see {plan.folder / 'logs'}: {last}")


def wait_until_ready(
    plan: VenuePlan,
    patience_s: float,
    say: Callable[[str], None] = lambda _: None,
    see: Callable[[Status], None] = _no_one,
) -> Status:
    """The first status that is ready; what it waits for is said, `see` is shown each. Errors: TimeoutError."""
    said = ""

    def watch(status: Status) -> None:
        nonlocal said
        see(status)
        text = "waiting: " + str({name: core.get("state", "?") for name, core in status.get("cores", {}).items()})
        if text != said and not is_ready(status):
            say(text)
        said = text

    return wait_for(plan, "the venue stands", is_ready, patience_s, watch)
