"""A month of duties: one row a day, provider and instrument in a CSV file, and the limits over these rows.

Source: SEED 6, 6-1 (domestic: each kind at most twice; foreign or futures: together six times); SMM Art. 4 (80 % of the
days). Units: counts and days; a day is yyyymmdd. Invariants: writing a day again replaces its rows.
Known gaps: a month has the days that its file has; nobody checks that against the calendar.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec

from evermarket.duty.contract import Family
from evermarket.duty.result import BreachKind, Measure
from evermarket.rulebook import liquidity as law


class DayRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One provider in one instrument on one day."""

    day: int
    instrument: int
    code: str
    member: int
    account: int
    family: Family
    fund: law.FundKind
    one_sided: int
    spread: int
    others: int
    time_kept: bool


class MonthRow(msgspec.Struct, frozen=True):
    """One provider in one instrument over the days of the file; `failed` by the monthly limits."""

    month: int
    instrument: int
    code: str
    member: int
    account: int
    family: Family
    fund: law.FundKind
    days: int
    one_sided: int
    spread: int
    others: int
    days_kept: int
    failed: bool


def day_row(day: int, one: Measure) -> DayRow:
    """What a month remembers of a day."""
    alone, wide = one.count(BreachKind.ONE_SIDED), one.count(BreachKind.SPREAD)
    others = len(one.breaches) - alone - wide
    who = (one.instrument, one.code, one.member, one.account, one.family, one.fund)
    return DayRow(day, *who, alone, wide, others, one.is_time_kept())


def read_days(path: Path) -> list[DayRow]:
    """The rows so far; none if there is no file. Errors: ValueError with file and line."""
    if not path.exists():
        return []
    rows: list[DayRow] = []
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            try:
                rows.append(msgspec.convert(row, DayRow, strict=False))
            except msgspec.ValidationError as error:
                raise ValueError(f"{path.name} line {reader.line_num}: {error}") from error
    return rows


def add_day(path: Path, day: int, measures: Iterable[Measure]) -> list[DayRow]:
    """Puts a day's rows into the month's file, instead of any it has of that day; all rows."""
    rows = [row for row in read_days(path) if row.day != day] + [day_row(day, one) for one in measures]
    rows.sort(key=lambda row: (row.day, row.instrument, row.member, row.account))
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, DayRow.__struct_fields__, lineterminator="\n")
        writer.writeheader()
        writer.writerows(msgspec.to_builtins(row) for row in rows)
    return rows


def month(rows: Iterable[DayRow], which: int) -> list[MonthRow]:
    """The month `which` (yyyymm): breaches counted, and who is over the limit."""
    groups: dict[tuple[int, int, int], list[DayRow]] = {}
    for row in rows:
        if row.day // 100 == which:
            groups.setdefault((row.instrument, row.member, row.account), []).append(row)
    return [_month(which, days) for _, days in sorted(groups.items())]


def _month(which: int, days: list[DayRow]) -> MonthRow:
    last = max(days, key=lambda row: row.day)
    alone, wide = sum(row.one_sided for row in days), sum(row.spread for row in days)
    others, kept = sum(row.others for row in days), sum(row.time_kept for row in days)
    who = (last.instrument, last.code, last.member, last.account, last.family, last.fund)
    failed = False
    if last.family is Family.FUND:
        failed = law.is_month_failed(last.fund, alone, wide)
    elif last.family is Family.MAKER:
        failed = not law.is_maker_month_kept(law.MAKER_DUTY, kept, len(days))
    return MonthRow(which, *who, len(days), alone, wide, others, kept, failed)
