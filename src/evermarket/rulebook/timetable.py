"""Timetables: a market's sessions of a day as steps, read from dated rows in timetables/.

Source: TWSE Art. 58, 58-3, 58-9, OL, FP, BL; SSE trading rules; each session row names its own, and what no text shows.
A step either begins a phase (`phase` set, with what happens to entries and cancels in it) or is a timer inside one
(`phase` None). `does` is what happens at its time, in order; with `every` it repeats to `until`, both ends included,
and `skip_first` leaves the first out. Groups: `all` instruments of the session, those that tripped the pre-open or
pre-close check (`postponed`), and the others (`normal`). Entry and cancel: `accept`, `refuse`, or `hold` (kept until
`release_held`). An interruption (VOLATILITY_CALL) is no row here: a trade starts it, its length is in stabilisation.py.
Units: times are seconds of the local day in the files, UTC nanoseconds in a step.
Known gaps: a day's special hours (late opening, half day) are not kept; STAR after-hours fixed price is left out.
"""

import datetime
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from evermarket.rulebook.calendar import is_trading_day
from evermarket.rulebook.dated import NoRuleError, row_in_force

Phase = Literal[
    "CLOSED",
    "PRE_OPEN",
    "OPEN_CALL",
    "NO_CANCEL_CALL",
    "CONTINUOUS",
    "VOLATILITY_CALL",
    "CLOSE_CALL",
    "POSTPONED_OPEN",
    "POSTPONED_CLOSE",
    "PERIODIC_CALL",
    "ODD_LOT_CALL",
    "FIXED_PRICE",
    "BLOCK",
    "HALTED",
    "LUNCH",
    "POST_CLOSE",
    "ENDED",
]
Group = Literal["all", "normal", "postponed"]
Treatment = Literal["accept", "hold", "refuse"]
Action = Literal[
    "draw_priority",
    "match_open",
    "match_periodic",
    "match_close",
    "match_fixed_price",
    "publish_indicative",
    "start_open_check",
    "start_close_check",
    "start_volatility_check",
    "end_volatility_check",
    "start_periodic_check",
    "end_periodic_check",
    "purge_market_orders",
    "release_held",
    "expire_orders",
]

MARKET_FILES: Final = {"TWSE": "twse.toml", "SSE": "sse.toml"}
_EPOCH: Final = datetime.date(1970, 1, 1)
_SECOND_NS: Final = 1_000_000_000


class StepRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a timetable file, in local time; `every` is seconds, or the instrument's own interval."""

    at: datetime.time
    phase: Phase | None = None
    group: Group = "all"
    entry: Treatment = "refuse"
    cancel: Treatment = "refuse"
    does: tuple[Action, ...] = ()
    every: int | Literal["interval"] | None = None
    skip_first: bool = False
    until: datetime.time | None = None


class SessionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dated session."""

    name: str
    since: datetime.date
    source: str
    steps: tuple[StepRow, ...]
    unverified: tuple[str, ...] = ()


class Timetable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One market's file."""

    market: str
    zone: str
    utc_offset_minutes: int
    session: tuple[SessionRow, ...]


class Step(msgspec.Struct, frozen=True):
    """One step of one day: when, for whom, what begins, what happens, and until when it repeats."""

    market: str
    session: str
    local: datetime.datetime
    at_ns: int
    phase: Phase | None
    group: Group
    entry: Treatment
    cancel: Treatment
    does: tuple[Action, ...]
    every_ns: int | None
    until_ns: int | None

    def occurrences(self) -> Iterator[int]:
        """UTC nanoseconds of each time the step happens."""
        yield self.at_ns
        if self.every_ns is not None and self.until_ns is not None:
            yield from range(self.at_ns + self.every_ns, self.until_ns + 1, self.every_ns)


@cache
def timetable(market: str) -> Timetable:
    """The timetable file of a market."""
    if market not in MARKET_FILES:
        raise NoRuleError(f"no timetable for market {market!r}; known: {', '.join(MARKET_FILES)}")
    text = files("evermarket.rulebook").joinpath("timetables", MARKET_FILES[market]).read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Timetable)


def session_names(market: str, day: datetime.date) -> tuple[str, ...]:
    """The sessions that exist on a day, in the order of the file."""
    return tuple(dict.fromkeys(row.name for row in timetable(market).session if row.since <= day))


def session_steps(market: str, session: str, day: datetime.date, *, interval_s: int | None = None) -> tuple[Step, ...]:
    """The steps of one session in time order; `interval_s` is needed where the row says "interval"."""
    table = timetable(market)
    rows = (row for row in table.session if row.name == session)
    in_force = row_in_force(rows, day, f"session {market} {session}")
    steps = [_make_step(table, in_force, row, day, interval_s) for row in in_force.steps]
    return tuple(sorted(steps, key=lambda step: step.at_ns))  # stable: rows of one time keep the file's order


def sessions(market: str, day: datetime.date, *, interval_s: int | None = None) -> tuple[Step, ...]:
    """All steps of a market's day, session by session; none on a day without trading.

    Sessions with the instrument's own interval come only when `interval_s` is given.
    """
    if not is_trading_day(market, day):
        return ()
    steps: list[Step] = []
    for name in session_names(market, day):
        if interval_s is not None or not needs_interval(market, name, day):
            steps.extend(session_steps(market, name, day, interval_s=interval_s))
    return tuple(steps)


def needs_interval(market: str, session: str, day: datetime.date) -> bool:
    """Whether a session matches at the instrument's own interval (disposition, bonds)."""
    rows = (row for row in timetable(market).session if row.name == session)
    return any(step.every == "interval" for step in row_in_force(rows, day, f"session {market} {session}").steps)


def _make_step(table: Timetable, session: SessionRow, row: StepRow, day: datetime.date, interval_s: int | None) -> Step:
    every_s = interval_s if row.every == "interval" else row.every
    if row.every == "interval" and (every_s is None or every_s <= 0):
        raise ValueError(f"session {table.market} {session.name} needs interval_s, whole seconds above 0")
    local = datetime.datetime.combine(day, row.at)
    if row.skip_first and every_s is not None:
        local += datetime.timedelta(seconds=every_s)
    return Step(
        market=table.market,
        session=session.name,
        local=local,
        at_ns=_utc_ns(table, local),
        phase=row.phase,
        group=row.group,
        entry=row.entry,
        cancel=row.cancel,
        does=row.does,
        every_ns=None if every_s is None else every_s * _SECOND_NS,
        until_ns=None if row.until is None else _utc_ns(table, datetime.datetime.combine(day, row.until)),
    )


def _utc_ns(table: Timetable, local: datetime.datetime) -> int:
    days = (local.date() - _EPOCH).days
    second = (local.hour * 60 + local.minute - table.utc_offset_minutes) * 60 + local.second
    return (days * 86_400 + second) * _SECOND_NS
