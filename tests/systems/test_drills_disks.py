"""Drills of disks (protocol, 13): a sync or a write that fails, a disk that is full, power lost under both cores.

The same faults at every single operation, without processes, are in tests/failures; docs/venue.md has the table.
"""

from pathlib import Path
from random import Random

import pytest

from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.opening import is_over, is_owned_by, wait_for
from evermarket.continuity.venue.plan import PRIMARY, TWIN
from evermarket.continuity.venue.supervisor import PRIMARY_ENDS
from evermarket.venue.primary.process import HALTED
from tests.systems.drills.broken import Images, failing
from tests.systems.drills.drill import PATIENCE_S, Drill, a_scene, a_small_disk, check
from tests.systems.drills.faults import Fault, Scene, fill_disk
from tests.systems.test_drills import QUICK, SLOW, is_followed, until_more_is_answered
from tests.systems.test_venue import has_traded

SEED = 20_261_120
SYNCS = Random(SEED).sample(range(1, 51), 2)
WRITES = Random(SEED + 1).sample(range(1, 51), 1)
FAILING = [("fdatasync", "EIO", nth) for nth in SYNCS] + [("pwritev,pwritev2", "ENOSPC", nth) for nth in WRITES]


def until_the_twin_has_ended_the_day(scene: Scene) -> None:
    """The primary stopped for good, said so with its exit code, and the day went on without it."""
    wait_for(scene.plan, "the twin owns the market", is_owned_by(TWIN), PATIENCE_S)
    wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
    said = [step.get("what") for step in read_incidents(scene.plan.folder / "incidents")[0]]
    assert said[0] == PRIMARY_ENDS
    assert f"the primary's process, with {HALTED}" in said


@pytest.mark.parametrize(("calls", "error", "nth"), FAILING)
def test_a_disk_that_fails_once_ends_the_primary(tmp_path: Path, calls: str, error: str, nth: int) -> None:
    with a_scene(Drill(nth, orders=1_500, speed=QUICK, cancel_only_s=0, faults=()), tmp_path) as scene:
        wait_for(scene.plan, "trading", has_traded, PATIENCE_S)
        with failing(scene.pid(PRIMARY), calls, error, nth):
            until_the_twin_has_ended_the_day(scene)
    check(scene.plan, TWIN)


def test_a_full_disk_ends_the_primary_when_its_segment_is_full(tmp_path: Path) -> None:
    drill = Drill(1, orders=4_000, speed=QUICK, cancel_only_s=0, faults=())
    with a_scene(drill, tmp_path, ground=a_small_disk) as scene:
        wait_for(scene.plan, "trading", has_traded, PATIENCE_S)
        fill_disk(scene, Fault("fill_disk", 0.0, 0.0))
        until_the_twin_has_ended_the_day(scene)
    check(scene.plan, TWIN)


def test_power_lost_at_the_twin_then_at_both_then_at_the_primary(tmp_path: Path) -> None:
    """Each core's folder is a disk of its own, whose power goes without a flush while members trade."""
    images = Images()
    drill = Drill(2, orders=1_500, speed=SLOW, cancel_only_s=0, faults=())
    with a_scene(drill, tmp_path, ground=images.ground) as scene:
        wait_for(scene.plan, "trading", has_traded, PATIENCE_S)
        images.lose_power(scene, TWIN)
        until_both_agree(scene, epoch=1)
        images.lose_power(scene, PRIMARY, TWIN)
        until_both_agree(scene, epoch=2)
        images.lose_power(scene, PRIMARY)
        wait_for(scene.plan, "the twin owns the market", is_owned_by(TWIN), PATIENCE_S)
        wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
    check(scene.plan, TWIN)


def until_both_agree(scene: Scene, epoch: int) -> None:
    """Members are answered again, and the twin has what the primary released by then."""
    until_more_is_answered(scene)

    def is_whole(status: Status) -> bool:
        primary, twin = (status["cores"][name] for name in (PRIMARY, TWIN))
        return is_followed(status) and twin["epoch"] == epoch and bool(twin["position"] >= primary["released"])

    wait_for(scene.plan, f"both cores in epoch {epoch}", is_whole, PATIENCE_S)
