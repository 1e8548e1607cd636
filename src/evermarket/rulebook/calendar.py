"""Trading calendars (交易日曆): which days have a session, as dated files of ours in calendars/.

Source: calendars/XTAI.toml and XSHG.toml, made by scripts/make_calendars.py and corrected by days with real trades;
the general rule is Monday to Friday less holidays (TWSE Art. 3), and make-up Saturdays to 2018.
Invariants: a day outside the covered range is a precise error, never a guess.
Known gaps: closures announced after the file was made (typhoons) must be added as lines; XTAI before 2015-01-05 rests
on the package alone, which may lack a make-up Saturday (2014-12-27); late openings are not kept.
"""

import tomllib
from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

import msgspec

CALENDARS: Final = {"TWSE": "XTAI", "SSE": "XSHG", "TPEx": "XTAI"}
"""The calendar each market follows, by ISO 10383 code of its file."""


class CalendarRangeError(LookupError):
    """A day outside the years a calendar covers."""


class CalendarDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One closure or addition and its reason."""

    day: date
    reason: str


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One market's file: every weekday is a trading day but `closed`; weekends only where `added`."""

    market: str
    zone: str
    first_day: date
    last_day: date
    closed: tuple[CalendarDay, ...]
    added: tuple[CalendarDay, ...]

    @cached_property
    def days(self) -> tuple[date, ...]:
        """All trading days in order."""
        closed = {row.day for row in self.closed}
        added = {row.day for row in self.added}
        span = (self.last_day - self.first_day).days + 1
        every = (self.first_day + timedelta(offset) for offset in range(span))
        return tuple(day for day in every if day in added or (day.weekday() < 5 and day not in closed))

    def check_covered(self, day: date) -> None:
        """Raise when the file says nothing about `day`."""
        if not self.first_day <= day <= self.last_day:
            raise CalendarRangeError(
                f"calendar {self.market} covers {self.first_day} to {self.last_day}; {day} is outside: add its closures"
            )


def read_calendar(text: str) -> Calendar:
    """A calendar from TOML text; an unknown field or a bad date is an error that names its path."""
    calendar = msgspec.convert(tomllib.loads(text), Calendar)
    for row in calendar.closed:
        if row.day.weekday() >= 5:
            raise ValueError(f"calendar {calendar.market}: {row.day} is a weekend day and cannot be a closure")
    return calendar


@cache
def calendar_of(market: str) -> Calendar:
    """The calendar of a market ("TWSE") or of a file ("XTAI")."""
    name = CALENDARS.get(market, market)
    if name not in CALENDARS.values():
        raise KeyError(f"no calendar for market {market!r}; known: {', '.join(sorted(CALENDARS))}")
    return read_calendar(files("evermarket.rulebook").joinpath("calendars", f"{name}.toml").read_text("utf-8"))


def is_trading_day(market: str, day: date) -> bool:
    """Whether the market trades on `day`."""
    calendar = calendar_of(market)
    calendar.check_covered(day)
    at = bisect_left(calendar.days, day)
    return at < len(calendar.days) and calendar.days[at] == day


def next_trading_day(market: str, day: date, count: int = 1) -> date:
    """The `count`-th trading day after `day`; T+2 is count 2."""
    calendar = calendar_of(market)
    calendar.check_covered(day)
    at = bisect_right(calendar.days, day) + count - 1
    if count < 1 or at >= len(calendar.days):
        raise CalendarRangeError(
            f"calendar {calendar.market} ends on {calendar.last_day}; trading day {count} after {day} is not known"
        )
    return calendar.days[at]


def previous_trading_day(market: str, day: date, count: int = 1) -> date:
    """The `count`-th trading day before `day`."""
    calendar = calendar_of(market)
    calendar.check_covered(day)
    at = bisect_left(calendar.days, day) - count
    if count < 1 or at < 0:
        raise CalendarRangeError(
            f"calendar {calendar.market} starts on {calendar.first_day}; trading day {count} before {day} is not known"
        )
    return calendar.days[at]


def trading_days(market: str, first: date, last: date) -> tuple[date, ...]:
    """All trading days from `first` to `last`, both included."""
    calendar = calendar_of(market)
    calendar.check_covered(first)
    calendar.check_covered(last)
    return calendar.days[bisect_left(calendar.days, first) : bisect_right(calendar.days, last)]
