"""One drill: a whole accelerated day with faults at moments that its seed draws; afterwards the books are checked.

python -m tests.systems.drills.drill SEED     # one again; what it left lies in the folder that it names
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
import numpy as np

from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.opening import (
    is_over,
    plan_of,
    start_supervisor,
    stop_supervisor,
    wait_for,
    wait_until_ready,
)
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy, VenuePlan, found
from evermarket.continuity.venue.proof import Proof, prove
from evermarket.journal import Journal
from evermarket.records import HEADER, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import Phase
from evermarket.records.raw import of
from evermarket.records.session import FENCED, SessionKind
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day_steps import day_steps
from evermarket.sim.reference import Group
from evermarket.twin import find_binary
from evermarket.venue.primary.settings import split_address
from tests.systems.drills.faults import KINDS, Fault, Scene, through
from tests.systems.drills.wire import Wire
from tests.systems.members import unanswered

PATIENCE_S = 240.0
REGULAR = 0.6
SEGMENT_BYTES = 1 << 19
DISK_BYTES = 6 << 20
POLICY = Policy(True, 1_500, 4_000, 1_500, ready_permille=300)

Ground = Callable[[VenuePlan], AbstractContextManager[None]]
"""What the folders of a venue's cores stand on while it runs."""


@dataclass(frozen=True)
class Drill:
    """What a seed draws."""

    seed: int
    orders: int
    speed: int
    cancel_only_s: int
    faults: tuple[Fault, ...]

    @property
    def board(self) -> SimulationConfig:
        return SimulationConfig(
            seed=self.seed, members=4, orders=self.orders, instruments=60, bad_per_million=0, indicate_s=60
        )


@dataclass(frozen=True)
class Outcome:
    """A row of the evidence."""

    seed: int
    faults: str
    orders: int
    speed: int
    owner: str
    epochs: int
    acknowledged: int
    lost: int
    doubled: int
    silence_ms: float
    seconds: float


def draw(seed: int) -> Drill:
    """One fault in half of the drills, two or three in the others; most of them before the regular board has closed,
    which is at REGULAR of the day."""
    random = Random(seed)
    kinds, weights = list(KINDS), [weight for _, weight in KINDS.values()]
    count = random.choice((1, 1, 2, 3))
    times = sorted(random.uniform(0.0, REGULAR if random.random() < 0.8 else 1.0) for _ in range(count))
    faults = tuple(Fault(random.choices(kinds, weights)[0], at, random.uniform(0.2, 3.0)) for at in times)
    orders = random.choice((1_500, 4_000, 12_000))
    return Drill(seed, orders, random.choice((2_400, 3_600, 5_400)), random.choice((0, 60, 600)), faults)


def run(drill: Drill, folder: Path) -> Outcome:
    """Hold it. Errors: AssertionError if anything told is lost, doubled or contradicted; TimeoutError if it hangs."""
    begun = time.monotonic()
    ground = a_small_disk if any(fault.kind == "fill_disk" for fault in drill.faults) else nothing_special
    with a_scene(drill, folder, ground=ground) as scene:
        begun_ns = max(scene.plan.clock.now_ns(), int(day_steps(scene.plan.board)["time"][0]))
        happened = [play(scene, fault, begun_ns) for fault in drill.faults]
        status = wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
        owner = str(status["seat"]["owner"])
        if owner == TWIN:
            an_old_owner_does_no_harm(scene.plan, int(status["seat"]["epoch"]))
    proof = check(scene.plan, owner)
    epochs = len(Journal.open(scene.plan.own(owner) / "journal").epochs())
    row = (owner, epochs, proof.acknowledged, proof.lost, proof.doubled, round(proof.silence_ms, 1))
    return Outcome(drill.seed, "; ".join(happened), drill.orders, drill.speed, *row, round(time.monotonic() - begun, 1))


def nothing_special(_: VenuePlan) -> AbstractContextManager[None]:
    """The machine's own disk."""
    return nullcontext()


@contextmanager
def a_scene(
    drill: Drill, folder: Path, *, policy: Policy = POLICY, ground: Ground = nothing_special
) -> Iterator[Scene]:
    """A venue with wires between its cores and before its doors; whatever happens, nothing of it is left running.
    `policy` is taken as it is but for the drill's own cancel-only window."""
    with ExitStack() as stack:
        cores, *doors = (stack.enter_context(Wire().running()) for _ in range(3))
        plan = plan_of(folder / "v", drill.board, speed=drill.speed)
        plan = msgspec.structs.replace(
            plan,
            services=("crowd",),
            segment_bytes=SEGMENT_BYTES,
            member_doors=tuple(wire.address for wire in doors),
            policy=msgspec.structs.replace(policy, cancel_only_s=drill.cancel_only_s),
        )
        for wire, door in zip(doors, plan.doors, strict=True):
            wire.target = split_address(door)
        lines = plan.cores[0].lines
        cores.target = split_address(lines)
        stack.enter_context(ground(plan))
        found(plan)
        twin = through(folder, find_binary(), lines, cores.address)
        supervisor = start_supervisor(plan, os.environ | {"EVERMARKET_TWIN": str(twin)})
        stack.callback(stop_supervisor, supervisor)
        wait_until_ready(plan, PATIENCE_S)
        yield Scene(plan, supervisor, cores, tuple(doors))


@contextmanager
def a_small_disk(plan: VenuePlan) -> Iterator[None]:
    """A file system of its own for the primary's folder; needs root."""
    path = plan.own(PRIMARY)
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)], check=True)
    try:
        yield
    finally:
        kept = path.with_name(f"{path.name}.kept")
        subprocess.run(["cp", "-a", str(path), str(kept)], check=True)
        subprocess.run(["umount", "-l", str(path)], check=True)
        path.rmdir()
        kept.rename(path)


def play(scene: Scene, fault: Fault, begun_ns: int) -> str:
    """Wait for the fault's moment, a share of the day from `begun_ns` on, and make it; what happened when."""
    steps = day_steps(scene.plan.board)
    moment_ns = int(np.interp(fault.at, (0.0, REGULAR, 1.0), (begun_ns, regular_close_ns(steps), steps["time"][-1])))

    def has_come(status: Status) -> bool:
        return int(status["market_ns"]) >= moment_ns

    status = wait_for(scene.plan, "the moment of a fault", has_come, PATIENCE_S)
    make, _ = KINDS[fault.kind]
    make(scene, fault)
    return f"{fault.kind} {fault.seconds:.1f} s in {phase_at(steps, int(status['market_ns']))}"


def phase_at(steps: Records, market_ns: int) -> str:
    """The phase of the regular board."""
    regular = regular_phases(steps)
    past = regular[regular["time"] <= market_ns]
    return Phase(int(past["code"][-1])).name if len(past) else "BEFORE"


def regular_close_ns(steps: Records) -> int:
    """When the regular board has ended."""
    regular = regular_phases(steps)
    return int(regular["time"][regular["code"] == Phase.ENDED][-1])


def regular_phases(steps: Records) -> Records:
    rows = of(steps, Kind.PHASE)
    return rows[rows["group"] == Group.REGULAR]


def an_old_owner_does_no_harm(plan: VenuePlan, epoch: int) -> None:
    """Yesterday's owner is started by mistake: whoever comes to its door is told of the higher epoch (R22)."""
    argv = [sys.executable, "-m", "evermarket.venue.primary", str(plan.folder / "P.json")]
    with (plan.folder / "logs" / "P-again.log").open("ab") as log:
        old = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and old.poll() is None:
            with suppress(OSError), socket.create_connection(split_address(plan.doors[0]), 1.0) as line:
                said = np.frombuffer(line.recv(RECORD_BYTES, socket.MSG_WAITALL), HEADER)
                if said["kind"][0] == SessionKind.FENCED and int(said.view(FENCED)["epoch"][0]) >= epoch:
                    break
            time.sleep(0.02)
        else:
            raise AssertionError(f"the old owner does not say FENCED; it ended with {old.poll()}")
    finally:
        old.send_signal(signal.SIGTERM)
        old.wait(10)


def check(plan: VenuePlan, owner: str) -> Proof:
    """Nothing lost, nothing doubled, each command with one outcome, one history in both journals."""
    proof = prove(plan.folder / "members", plan.own(owner) / "journal")
    assert (proof.lost, proof.doubled) == (0, 0), proof
    assert unanswered(plan.folder / "members") == {}
    journal = Journal.open(plan.own(owner) / "journal")
    report = journal.verify()
    assert (report.damage, report.cut) == (None, None), report
    assert len(journal.array(Kind.CLOSED)) > 0, "the day was not closed"
    beside = Journal.open(plan.own(PRIMARY if owner == TWIN else TWIN) / "journal")
    ours, other, known = journal.array(), beside.array(), {one.epoch for one in beside.epochs()}
    parted = (one.position for one in journal.epochs() if one.epoch not in known)
    upto = min(len(ours), len(other), next(parted, len(ours)))
    same = ours[:upto].view("V64") == other[:upto].view("V64")
    assert same.all(), f"histories differ at position {int(np.argmin(same)) + 1}"
    return proof


if __name__ == "__main__":
    for number in (int(word) for word in sys.argv[1:]):
        where = Path(tempfile.mkdtemp(prefix="drill-"))
        sys.stdout.write(f"{draw(number)} in {where}\n{run(draw(number), where)}\n")
        sys.stdout.flush()
