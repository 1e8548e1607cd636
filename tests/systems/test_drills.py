"""Drills of a whole venue (protocol, 13): lines cut, a twin that is wrong, yesterday's owner, answers lost.

The witness is always the members' own logs: `check` holds them against both journals. docs/venue.md has the table.
"""

import asyncio
import signal
from pathlib import Path

import pytest

from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.opening import is_over, is_owned_by, wait_for
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy
from evermarket.journal import Journal
from evermarket.venue.control import ask
from tests.systems.drills.broken import flip_a_bit_of_the_digest
from tests.systems.drills.drill import PATIENCE_S, Drill, a_scene, an_old_owner_does_no_harm, check
from tests.systems.drills.faults import Scene
from tests.systems.test_venue import has_traded

SLOW, QUICK = 1_200, 2_700


def a_day(seed: int, speed: int = QUICK) -> Drill:
    return Drill(seed, orders=1_500, speed=speed, cancel_only_s=0, faults=())


def is_followed(status: Status) -> bool:
    return bool(status["seat"]["in_step"] == [PRIMARY, TWIN])


def is_alone(status: Status) -> bool:
    return (status["seat"]["in_step"], status["seat"]["level"]) == ([PRIMARY], "local")


def until_more_is_answered(scene: Scene) -> None:
    """Members are told something that they were not told before."""
    before = wait_for(scene.plan, "the crowd", lambda status: "crowd" in status, PATIENCE_S)["crowd"]["answered"]
    wait_for(scene.plan, "answers", lambda status: bool(status["crowd"]["answered"] > before), PATIENCE_S)


def test_a_twin_cut_off_is_dropped_and_admitted_again(tmp_path: Path) -> None:
    """Primary and twin do not hear each other, both ways and each way alone, while members reach both."""
    policy = Policy(True, silent_ms=5_000, follower_silent_ms=1_500, hung_ms=60_000)
    with a_scene(a_day(1, speed=SLOW), tmp_path, policy=policy) as scene:
        for ways in (("there", "back"), ("there",), ("back",)):
            wait_for(scene.plan, "the twin is in step", is_followed, PATIENCE_S)
            scene.follower_line.cut(*ways)
            status = wait_for(scene.plan, f"the twin is dropped, cut {ways}", is_alone, PATIENCE_S)
            assert status["seat"]["owner"] == PRIMARY
            assert any(TWIN in alarm["text"] and "level local" in alarm["text"] for alarm in alarms_of(status)), ways
            until_more_is_answered(scene)
            scene.follower_line.mend()
        wait_for(scene.plan, "the twin is in step", is_followed, PATIENCE_S)
        status = wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
        assert (status["seat"]["owner"], status["seat"]["epoch"]) == (PRIMARY, 1)
    check(scene.plan, PRIMARY)


def alarms_of(status: Status) -> list[dict[str, str]]:
    alarms: list[dict[str, str]] = status["cores"][PRIMARY]["alarms"]
    return alarms


def test_a_wrong_twin_is_dropped_and_takes_over_only_by_two_people(tmp_path: Path) -> None:
    """A bit of the running twin's code is flipped: found at the next trade, no longer waited for; the primary goes on.
    Then that hangs: neither the policy nor one person may hand the market to such a twin, two people may."""
    policy = Policy(True, silent_ms=5_000, follower_silent_ms=4_000, hung_ms=3_600_000)
    with a_scene(a_day(2, speed=SLOW), tmp_path, policy=policy) as scene:
        wait_for(scene.plan, "trading", has_traded, PATIENCE_S)
        flip_a_bit_of_the_digest(scene.pid(TWIN))
        status = wait_for(scene.plan, "the wrong twin is dropped", is_alone, PATIENCE_S)
        assert status["seat"]["reason"] == "drop T: different"
        assert not status["cores"][TWIN]["clean"]
        assert status["cores"][TWIN]["spoiled_by"]["name"] == "wrong_digest"
        until_more_is_answered(scene)
        sentence = "the twin is not in step"
        assert key(scene, "switch alice the twin seems fine")["refused"].startswith(sentence)
        until_more_is_answered(scene)
        scene.signal(PRIMARY, signal.SIGSTOP)
        incidents = scene.plan.folder / "incidents"
        wait_for(scene.plan, "the policy is refused", lambda _: "not switched" in steps_of(incidents)[-1], PATIENCE_S)
        assert key(scene, "switch alice,alice the primary hangs")["refused"].startswith(sentence)
        assert key(scene, "switch alice,bob the primary hangs")["owner"] == TWIN
        wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
        assert "overruled" in steps_of(incidents)[-1]
    check(scene.plan, TWIN)


def key(scene: Scene, words: str) -> dict[str, str]:
    """What the supervisor answers to a person."""
    return asyncio.run(ask(scene.plan.folder / "control", words, PATIENCE_S))


def steps_of(incidents: Path) -> list[set[str]]:
    return [{str(line["step"]) for line in lines} for lines in read_incidents(incidents)]


def test_yesterdays_owner_started_in_trading_harms_nothing(tmp_path: Path) -> None:
    with a_scene(a_day(3), tmp_path) as scene:
        wait_for(scene.plan, "trading", has_traded, PATIENCE_S)
        scene.signal(PRIMARY, signal.SIGKILL)
        status = wait_for(scene.plan, "the twin owns the market", is_owned_by(TWIN), PATIENCE_S)
        before = Journal.open(scene.plan.own(PRIMARY) / "journal")
        an_old_owner_does_no_harm(scene.plan, int(status["seat"]["epoch"]))
        after = Journal.open(scene.plan.own(PRIMARY) / "journal")
        assert after.array().tobytes() == before.array().tobytes()
        assert after.epochs() == before.epochs()
        status = wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
        assert (status["seat"]["owner"], status["seat"]["epoch"]) == (TWIN, 2)
    check(scene.plan, TWIN)
    assert len(Journal.open(scene.plan.own(TWIN) / "journal").epochs()) == 2


@pytest.mark.parametrize("seed", [4])
def test_a_hundredth_of_all_answers_lost_through_a_switch(tmp_path: Path, seed: int) -> None:
    """Each loss takes its connection with it: members come back, ask again, and are told once."""
    with a_scene(a_day(seed), tmp_path) as scene:
        for number, wire in enumerate(scene.member_lines):
            wire.lose_share_of_answers(0.01, seed * 10 + number)
        wait_for(scene.plan, "trading", has_traded, PATIENCE_S)
        scene.signal(PRIMARY, signal.SIGKILL)
        wait_for(scene.plan, "the twin owns the market", is_owned_by(TWIN), PATIENCE_S)
        wait_for(scene.plan, "the day is over", is_over, PATIENCE_S)
        assert any(wire.answers_lost for wire in scene.member_lines)
    check(scene.plan, TWIN)
