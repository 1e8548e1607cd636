"""What is wrong with a venue is said in sentences, the gravest first; nothing is said of one that is well."""

from typing import Any

import pytest

from evermarket.continuity.venue.wrongs import stage_of, wrongs
from tests.continuity.looks import GONE, NOW_NS, PRIMARY, RUNS, TWIN, a_look, a_step

SWITCHED = [a_step("detected", what="the primary's process ends"), a_step("halt announced", 0.3, by="policy")]
NO_SECOND = "mind No second core: P (primary) stays out for the day (drill)"
ALL_HALTED = {"stage": "trading", "until_ns": 0, "ready_permille": 0, "halted": 60, "books": 60}
CANCEL_ONLY = {"stage": "cancel only", "until_ns": NOW_NS, "ready_permille": 123, "halted": 60, "books": 60}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"owner": "T"}, [NO_SECOND]),
        (
            {"cores__P": GONE},
            [f"bad The owner, P (primary), does not answer: {GONE['why']}"],
        ),
        (
            {"cores__P": PRIMARY | {"state": "RECOVER"}},
            ["bad The owner, P (primary), does not match: it is in state RECOVER"],
        ),
        ({"cores__T": GONE}, [f"bad The follower, T (twin), does not answer: {GONE['why']}"]),
        ({"seat__in_step": ["P"], "seat__reason": "drop T"}, ["bad The follower, T (twin), is out of step: drop T"]),
        ({"seat": None}, ["bad The seat is empty: nobody owns the market"]),
        (
            {"cores__T": TWIN | {"clean": False, "spoiled_by": {"name": "digest", "position": 7}}},
            ["bad The comparison is not clean: name digest, position 7"],
        ),
        ({"cores__T": TWIN | {"stalled": True}}, ["bad The follower, T (twin), says: stalled"]),
        ({"exchange": None}, ["bad The conductor does not answer: no phase begins, nothing reopens"]),
        ({"exchange": None, "processes__conductor": RUNS | {"alive": False, "done": True}}, []),
        ({"exchange": ALL_HALTED}, ["bad 60 of 60 books are halted"]),
        (
            {"owner": "T", "exchange": CANCEL_ONLY},
            ["bad Trading stands until 13:24:05: cancel and reduce only; 12.3 % are back", NO_SECOND],
        ),
        ({"processes__crowd": RUNS | {"alive": False, "lives": 3}}, ["bad Not running: crowd (life 3)"]),
        ({"trouble": "TimeoutError"}, ["bad The supervisor does not answer (TimeoutError): nothing is started again"]),
        ({"board": {"lines": {"3": {"state": "HAND_RAISED", "why": "x"}}}}, ["mind 1 line raised a hand"]),
        (
            {"incidents": [SWITCHED]},
            ["bad A switch is under way: halt announced, at 0.3 ms (the primary's process ends)"],
        ),
        (
            {"incidents": [[*SWITCHED, a_step("promoted", 20)]]},
            ["bad An incident is open: promoted, at 20.0 ms (the primary's process ends)"],
        ),
        ({"incidents": [[*SWITCHED, a_step("promoted", 20), a_step("trading goes on", 900)]]}, []),
        ({"incidents": [[a_step("detected", what="asked for by anna"), a_step("not switched", 3, why="no")]]}, []),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], said: list[str]) -> None:
    assert [f"{one.grade} {one.text}" for one in wrongs(a_look(**changes))] == said


def test_an_alarm_does_not_hide_a_switch() -> None:
    alarm = [a_step("detected", what="a phase began late")]
    found = wrongs(a_look(incidents=[SWITCHED, alarm]))
    assert [one.text.split(":")[0] for one in found] == ["A switch is under way", "Alarm"]


def test_an_incident_that_nobody_closed_is_not_forgotten() -> None:
    old = a_step("detected", what="members hear nothing")
    old["at_ns"] -= 600 * 10**9
    assert [one.grade for one in wrongs(a_look(incidents=[[old]]))] == ["mind"]


def test_what_wants_a_person_now_comes_first() -> None:
    found = wrongs(a_look(owner="T", board={"lines": {"3": {"state": "HAND_RAISED", "why": ""}}}, trouble="gone"))
    assert [one.grade for one in found] == ["bad", "mind", "mind"]


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, "trading"),
        ({"exchange__stage": "done"}, "trading"),
        ({"exchange__halted": 60}, "halted"),
        ({"exchange__halted": 3}, "trading, some books halted"),
        ({"exchange": CANCEL_ONLY}, "cancel only until 13:24:05"),
        ({"exchange__stage": "halting"}, "halting"),
        ({"exchange__stage": "reopening"}, "reopening"),
        ({"exchange": None}, "unknown"),
        ({"exchange": None, "processes__conductor": RUNS | {"done": True}}, "day is over"),
    ],
)
def test_where_the_market_is(changes: dict[str, Any], stage: str) -> None:
    assert stage_of(a_look(**changes).status) == stage
