"""Timetables: TWSE's sessions with their dated changes, SSE's cash day, and the shape every file must have."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from evermarket.rulebook.calendar import CalendarRangeError
from evermarket.rulebook.dated import NoRuleError
from evermarket.rulebook.timetable import (
    SessionRow,
    Step,
    needs_interval,
    session_names,
    session_steps,
    sessions,
    timetable,
)

TODAY = date(2026, 11, 20)
ALL_ROWS = [(market, row) for market in ("TWSE", "SSE") for row in timetable(market).session]


def drawn(steps: tuple[Step, ...], *, timers: bool = True) -> list[str]:
    """A step as one line: time, group, phase, entry and cancel, actions."""
    letter = {"accept": "+", "hold": "=", "refuse": "-"}
    return [
        " ".join(
            part
            for part in (
                f"{step.local:%H:%M:%S}",
                "" if step.group == "all" else step.group,
                step.phase or "",
                letter[step.entry] + letter[step.cancel] if step.phase else "",
                ",".join(step.does),
            )
            if part
        )
        for step in steps
        if timers or step.phase
    ]


def test_the_regular_session_of_today() -> None:
    assert drawn(session_steps("TWSE", "regular", TODAY)) == [
        "08:30:00 PRE_OPEN ++",
        "08:30:00 publish_indicative",
        "08:59:00 start_open_check",
        "09:00:00 normal CONTINUOUS ++ draw_priority,match_open,start_volatility_check",
        "09:00:00 postponed POSTPONED_OPEN ++",
        "09:00:00 postponed publish_indicative",
        "09:02:00 postponed CONTINUOUS ++ draw_priority,match_open,start_volatility_check",
        "13:25:00 CLOSE_CALL ++ end_volatility_check,purge_market_orders",
        "13:25:00 publish_indicative",
        "13:29:00 start_close_check",
        "13:30:00 normal POST_CLOSE -- match_close,expire_orders",
        "13:30:00 postponed POSTPONED_CLOSE --",
        "13:31:00 postponed POSTPONED_CLOSE ++",
        "13:31:00 postponed publish_indicative",
        "13:33:00 postponed POST_CLOSE -- match_close,expire_orders",
        "13:33:00 ENDED --",
    ]


def test_the_shanghai_cash_day() -> None:
    assert drawn(session_steps("SSE", "cash", TODAY)) == [
        "09:15:00 OPEN_CALL ++",
        "09:20:00 NO_CANCEL_CALL +-",
        "09:25:00 PRE_OPEN == match_open",
        "09:30:00 CONTINUOUS ++ release_held",
        "11:30:00 LUNCH --",
        "13:00:00 CONTINUOUS ++",
        "14:57:00 CLOSE_CALL +-",
        "15:00:00 ENDED -- match_close,expire_orders",
    ]


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (
            "odd_lot_after_hours",
            ["13:40:00 ODD_LOT_CALL ++", "14:30:00 ENDED -- draw_priority,match_close,expire_orders"],
        ),
        ("fixed_price", ["14:00:00 FIXED_PRICE ++", "14:30:00 ENDED -- draw_priority,match_fixed_price,expire_orders"]),
        ("block_non_paired", ["09:00:00 BLOCK ++", "17:00:00 ENDED -- expire_orders"]),
        (
            "block_paired",
            ["08:00:00 BLOCK ++", "08:30:00 CLOSED -+", "09:00:00 BLOCK ++", "17:00:00 ENDED -- expire_orders"],
        ),
    ],
)
def test_the_other_sessions_of_today(session: str, expected: list[str]) -> None:
    assert drawn(session_steps("TWSE", session, TODAY), timers=False) == expected


@pytest.mark.parametrize(
    ("day", "seconds", "count"),
    [
        (date(2020, 10, 26), 180, 86),
        (date(2022, 12, 18), 180, 86),
        (date(2022, 12, 19), 60, 259),
        (date(2024, 12, 1), 60, 259),
        (date(2024, 12, 2), 5, 3_119),
    ],
)
def test_odd_lots_match_first_at_0910_then_at_the_interval_of_the_day(day: date, seconds: int, count: int) -> None:
    steps = session_steps("TWSE", "odd_lot_intraday", day)
    opening = next(step for step in steps if "match_open" in step.does)
    periodic = next(step for step in steps if "match_periodic" in step.does)
    closing = next(step for step in steps if "match_close" in step.does)
    times = [opening.at_ns, *periodic.occurrences(), closing.at_ns]
    assert f"{opening.local:%H:%M:%S}" == "09:10:00"
    assert {later - earlier for earlier, later in pairwise(times[:-1])} == {seconds * 10**9}
    assert (times[-1] - times[-2]) // 10**9 in (seconds, 120)  # 3-minute days end with 13:28 and 13:30
    assert len(times) - 2 == count


@pytest.mark.parametrize(
    ("day", "phase", "ends"),
    [
        (date(2015, 6, 26), "PERIODIC_CALL", None),
        (date(2020, 3, 20), "PERIODIC_CALL", None),
        (date(2020, 3, 23), "CONTINUOUS", "13:20:00"),
        (date(2021, 6, 25), "CONTINUOUS", "13:20:00"),
        (date(2021, 6, 28), "CONTINUOUS", "13:25:00"),
    ],
)
def test_the_dated_changes_of_the_regular_session(day: date, phase: str, ends: str | None) -> None:
    steps = session_steps("TWSE", "regular", day)
    assert next(step.phase for step in steps if "match_open" in step.does) == phase
    found = [f"{step.local:%H:%M:%S}" for step in steps if "end_volatility_check" in step.does]
    assert found == ([ends] if ends else [])
    assert any("purge_market_orders" in step.does for step in steps) == (phase == "CONTINUOUS")


def test_the_pre_open_check_starts_in_2015() -> None:
    days = (date(2015, 6, 26), date(2015, 6, 29))
    found = [any("start_open_check" in step.does for step in session_steps("TWSE", "regular", day)) for day in days]
    assert found == [False, True]


def test_simulated_matches_come_every_five_seconds_before_the_open() -> None:
    step = next(step for step in session_steps("TWSE", "regular", TODAY) if "publish_indicative" in step.does)
    times = list(step.occurrences())
    assert (len(times), times[-1] - times[0]) == (360, 1_795 * 10**9)


def test_a_periodic_security_matches_at_its_own_interval() -> None:
    assert needs_interval("TWSE", "periodic", TODAY)
    steps = session_steps("TWSE", "periodic", TODAY, interval_s=1_200)
    step = next(step for step in steps if "match_periodic" in step.does)
    local = [f"{step.local + timedelta(microseconds=(ns - step.at_ns) // 1000):%H:%M}" for ns in step.occurrences()]
    assert local[:2] == ["09:20", "09:40"]
    assert local[-1] == "13:20"
    with pytest.raises(ValueError, match="needs interval_s"):
        session_steps("TWSE", "periodic", TODAY)


@pytest.mark.parametrize(("market", "row"), ALL_ROWS, ids=[f"{name}-{row.name}-{row.since}" for name, row in ALL_ROWS])
def test_every_session_runs_forward_and_ends_once(market: str, row: SessionRow) -> None:
    steps = session_steps(market, row.name, row.since, interval_s=300)
    assert [step.at_ns for step in steps] == sorted(step.at_ns for step in steps)
    assert steps[-1].phase == "ENDED"
    assert [step.phase for step in steps].count("ENDED") == 1
    for group in ("normal", "postponed"):
        seen = [step for step in steps if step.group in ("all", group)]
        assert sum("expire_orders" in step.does for step in seen) == 1, group
        assert sum("match_close" in step.does for step in seen) <= 1, group
    assert row.source
    assert all((step.every_ns is None) == (step.until_ns is None) for step in steps)


@pytest.mark.parametrize(("market", "zone"), [("TWSE", "Asia/Taipei"), ("SSE", "Asia/Shanghai")])
def test_utc_nanoseconds_agree_with_the_zone_database(market: str, zone: str) -> None:
    assert timetable(market).zone == zone
    for step in sessions(market, TODAY, interval_s=120):
        local = step.local.replace(tzinfo=ZoneInfo(zone))
        assert step.at_ns == int((local - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**9


def test_a_day_has_the_sessions_that_exist_and_a_holiday_none() -> None:
    assert "odd_lot_intraday" not in session_names("TWSE", date(2020, 10, 23))
    assert {step.session for step in sessions("TWSE", TODAY)} == {
        "regular", "odd_lot_intraday", "odd_lot_after_hours", "fixed_price", "block_non_paired", "block_paired",
    }  # fmt: skip
    assert {step.session for step in sessions("TWSE", TODAY, interval_s=300)} >= {"periodic", "bond_call_auction"}
    assert sessions("TWSE", date(2026, 11, 21)) == ()
    with pytest.raises(CalendarRangeError):
        sessions("TWSE", date(2027, 1, 4))
    with pytest.raises(NoRuleError, match="known: TWSE, SSE"):
        timetable("XNYS")
    with pytest.raises(NoRuleError, match="first one starts on 2020-10-26"):
        session_steps("TWSE", "odd_lot_intraday", date(2020, 10, 23))
