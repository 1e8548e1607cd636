"""The expected phase clock: what a day as it should be says (nothing), and what each departure from it says."""

import numpy as np
import pytest

from evermarket.continuity.venue.phase_clock import PhaseClock
from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.raw import duplicate
from evermarket.records.units import SECOND_NS
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day_steps import day_steps

SCHEDULE = day_steps(SimulationConfig(instruments=40, orders=1_000))
TOLERANCE_NS = 5 * SECOND_NS


def held(delay_s: int = 0) -> Records:
    """PHASE_CHANGED of every step of the day, each so much later than due."""
    rows = duplicate(SCHEDULE.view("V64")[SCHEDULE["kind"] == Kind.PHASE].view(HEADER))
    rows["kind"] = Kind.PHASE_CHANGED
    rows["time"] += delay_s * SECOND_NS
    return rows


def but(rows: Records, *keep: slice) -> Records:
    items = rows.view("V64")
    return np.concatenate([items[part] for part in keep]).view(HEADER)


@pytest.mark.parametrize("delay_s", [-5, 0, 5])
def test_a_day_as_it_should_be_says_nothing(delay_s: int) -> None:
    clock = PhaseClock(SCHEDULE, TOLERANCE_NS)
    assert clock.take(held(delay_s)) == []
    assert clock.late(int(SCHEDULE["time"][-1]) + 3_600 * SECOND_NS) == []


@pytest.mark.parametrize(("delay_s", "said"), [(6, "began 6 s late"), (-7, "began 7 s early")])
def test_early_and_late(delay_s: int, said: str) -> None:
    alarms = PhaseClock(SCHEDULE, TOLERANCE_NS).take(held(delay_s))
    assert len(alarms) == len(held())
    assert all(alarm.endswith(said) for alarm in alarms)


def test_a_step_left_out_is_missed_once_and_the_next_one_is_out_of_turn() -> None:
    clock, rows = PhaseClock(SCHEDULE, TOLERANCE_NS), held()
    due_ns = int(rows["time"][0])
    assert clock.late(due_ns + TOLERANCE_NS) == []
    groups = len(set(rows.view(LAYOUT[Kind.PHASE_CHANGED])["group"][rows["time"] == due_ns].tolist()))
    missed = clock.late(due_ns + TOLERANCE_NS + 1)
    assert len(missed) == groups
    assert all(alarm.endswith("has not begun") for alarm in missed)
    assert clock.late(due_ns + TOLERANCE_NS + 1) == []
    group = int(rows.view(LAYOUT[Kind.PHASE_CHANGED])["group"][0])
    mine = np.flatnonzero(rows.view(LAYOUT[Kind.PHASE_CHANGED])["group"] == group)
    assert "was due" in clock.take(but(rows, slice(mine[1], mine[1] + 1)))[0]


def test_a_step_taken_twice() -> None:
    clock, rows = PhaseClock(SCHEDULE, TOLERANCE_NS), held()
    group = rows.view(LAYOUT[Kind.PHASE_CHANGED])["group"]
    first = int(np.flatnonzero(group == group[0])[0])
    alarms = clock.take(but(rows, slice(first, first + 1), slice(first, first + 1)))
    assert [alarm.split(": ")[1].split(" ", 1)[1] for alarm in alarms] == ["was entered twice"]


def test_what_fell_due_while_the_market_changed_hands_may_come_late() -> None:
    clock, rows = PhaseClock(SCHEDULE, TOLERANCE_NS), held(60)
    now_ns = int(rows["time"][0])
    clock.excuse(now_ns)
    assert clock.late(now_ns + TOLERANCE_NS) == []
    first = int((rows["time"] == now_ns).sum())
    assert clock.take(but(rows, slice(0, first))) == []
    assert clock.take(but(rows, slice(first, first + 1))) != []
