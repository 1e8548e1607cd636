"""Trading calendars against days with real trades and against the package they were made from."""

import importlib.util
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from evermarket.rulebook.calendar import (
    CalendarRangeError,
    calendar_of,
    is_trading_day,
    next_trading_day,
    previous_trading_day,
    read_calendar,
    trading_days,
)

Rows = Callable[[str], list[dict[str, str]]]
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_calendars.py"


@pytest.mark.parametrize(("market", "name"), [("TWSE", "XTAI"), ("SSE", "XSHG")])
def test_the_calendar_is_the_real_trading_days_of_ten_years(market: str, name: str, shared_rows: Rows) -> None:
    real = [date.fromisoformat(row["date"]) for row in shared_rows(f"calendars/{name}_sessions_2014_2023.csv.gz")]
    assert len(real) > 2_400
    assert list(trading_days(market, date(2014, 1, 1), date(2023, 12, 31))) == real


def test_taipei_days_after_2023_are_the_days_with_real_trades(shared_rows: Rows) -> None:
    days = {date.fromisoformat(row["date"]) for row in shared_rows("tw_reference/stock_day.csv.gz")}
    assert sorted(days) == list(trading_days("TWSE", min(days), max(days)))
    assert max(days) > date(2025, 8, 1)


@pytest.mark.filterwarnings("ignore::Warning:pandas")
@pytest.mark.parametrize("name", ["XTAI", "XSHG"])
def test_the_files_are_what_the_script_writes(name: str) -> None:
    """Also the comparison with exchange_calendars: the script's only other inputs are the named corrections."""
    pytest.importorskip("exchange_calendars")
    spec = importlib.util.spec_from_file_location("make_calendars", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.calendar_text(name) == (script.FOLDER / f"{name}.toml").read_text("utf-8")


def test_every_closure_has_a_reason() -> None:
    assert [row.day for name in ("XTAI", "XSHG") for row in calendar_of(name).closed if not row.reason] == []


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2022, 2, 4), False),  # the package says open
        (date(2023, 1, 18), False),  # the package says open
        (date(2016, 1, 30), True),  # make-up Saturday the package lacks
        (date(2018, 12, 22), True),
        (date(2018, 12, 29), False),  # an ordinary Saturday
        (date(2026, 11, 20), True),
        (date(2026, 10, 26), False),
    ],
)
def test_known_errors_of_the_package_are_corrected(day: date, open_: bool) -> None:
    assert is_trading_day("TWSE", day) is open_


def test_stepping_skips_closures_and_counts() -> None:
    assert next_trading_day("TWSE", date(2026, 2, 11)) == date(2026, 2, 23)
    assert previous_trading_day("TWSE", date(2026, 2, 23)) == date(2026, 2, 11)
    assert next_trading_day("SSE", date(2026, 9, 30), 2) == date(2026, 10, 9)
    assert previous_trading_day("SSE", date(2014, 1, 3)) == date(2014, 1, 2)  # the first day there is
    assert next_trading_day("TWSE", date(2026, 12, 30)) == date(2026, 12, 31)  # and the last
    day = date(2026, 2, 14)  # a Saturday: neither its own predecessor nor successor
    assert next_trading_day("TWSE", day) == next_trading_day("TWSE", previous_trading_day("TWSE", day))


def test_a_day_past_the_covered_years_is_an_error_and_no_guess() -> None:
    with pytest.raises(CalendarRangeError, match="XTAI covers 2014-01-01 to 2026-12-31; 2027-01-04 is outside"):
        is_trading_day("TWSE", date(2027, 1, 4))
    with pytest.raises(CalendarRangeError, match="ends on 2026-12-31"):
        next_trading_day("TWSE", date(2026, 12, 31))
    with pytest.raises(CalendarRangeError, match="starts on 2014-01-01"):
        previous_trading_day("SSE", date(2014, 1, 2))
    with pytest.raises(CalendarRangeError, match="outside"):
        trading_days("TWSE", date(2026, 1, 1), date(2026, 12, 31) + timedelta(1))
    with pytest.raises(KeyError, match="no calendar for market"):
        calendar_of("XNYS")


def test_a_calendar_file_with_a_mistake_says_which() -> None:
    text = 'market="X"\nzone="Z"\nfirst_day=2026-01-01\nlast_day=2026-01-31\nadded=[]\n'
    with pytest.raises(ValueError, match="2026-01-03 is a weekend day"):
        read_calendar(text + 'closed=[{day=2026-01-03, reason="x"}]')
    with pytest.raises(ValueError, match=r"\$.closed\[0\]"):
        read_calendar(text + 'closed=[{day=2026-01-05, cause="x"}]')
