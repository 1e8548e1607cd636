"""Monthly limits over the days of a file (SEED 6, 6-1; SMM Art. 4)."""

from pathlib import Path

import pytest

from evermarket.duty import Breach, BreachKind, Measure, add_day, month
from evermarket.duty.contract import Family
from evermarket.duty.month import read_days
from evermarket.rulebook.liquidity import FundKind


def measure(one_sided: int, spread: int, *, family: Family = Family.FUND, foreign: bool = False) -> Measure:
    """A day with so many breaches of each kind; a maker's day is kept if it has none."""
    kinds = [BreachKind.ONE_SIDED] * one_sided + [BreachKind.SPREAD] * spread
    return Measure(
        instrument=7,
        code="0050",
        name="",
        issuer="",
        member=3,
        account=88,
        family=family,
        fund=FundKind.FOREIGN if foreign else FundKind.DOMESTIC,
        counted_ns=100,
        valid_ns=40 if kinds else 50,
        breaches=[Breach(kind, 1, 2) for kind in kinds],
    )


@pytest.mark.parametrize(
    ("days", "foreign", "failed"),
    [
        ([(2, 2)], False, False),
        ([(1, 0), (1, 0), (1, 0)], False, True),
        ([(0, 1), (0, 2)], False, True),
        ([(3, 3)], True, False),
        ([(3, 3), (0, 1)], True, True),
        ([(6, 0)], True, False),
        ([(0, 0)] * 20, False, False),
    ],
)
def test_limits_of_a_fund(tmp_path: Path, days: list[tuple[int, int]], foreign: bool, failed: bool) -> None:
    """Domestic: each kind twice; foreign: six times together."""
    path = tmp_path / "month.csv"
    for at, counts in enumerate(days, 1):
        add_day(path, 20_261_100 + at, [measure(*counts, foreign=foreign)])
    (row,) = month(read_days(path), 202_611)
    assert (row.days, row.failed) == (len(days), failed)
    assert (row.one_sided, row.spread) == tuple(map(sum, zip(*days, strict=True)))


def test_a_day_written_again_is_the_same_day(tmp_path: Path) -> None:
    path = tmp_path / "month.csv"
    add_day(path, 20_261_102, [measure(2, 0)])
    rows = add_day(path, 20_261_102, [measure(1, 1)])
    assert [(row.one_sided, row.spread) for row in rows] == [(1, 1)]


def test_a_month_is_a_month(tmp_path: Path) -> None:
    path = tmp_path / "year.csv"
    add_day(path, 20_261_030, [measure(2, 0)])
    rows = add_day(path, 20_261_102, [measure(2, 0)])
    assert [(row.month, row.one_sided, row.failed) for row in month(rows, 202_611)] == [(202_611, 2, False)]


@pytest.mark.parametrize(("missed", "failed"), [(1, False), (2, True)])
def test_a_maker_needs_four_days_of_five(tmp_path: Path, missed: int, failed: bool) -> None:
    path = tmp_path / "month.csv"
    for at in range(5):
        add_day(path, 20_261_101 + at, [measure(int(at < missed), 0, family=Family.MAKER)])
    (row,) = month(read_days(path), 202_611)
    assert (row.days_kept, row.failed) == (5 - missed, failed)


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "month.csv"
    add_day(path, 20_261_102, [measure(0, 0)])
    path.write_text(path.read_text().replace("20261102", "tuesday"))
    with pytest.raises(ValueError, match=r"month\.csv line 2: .*day"):
        read_days(path)
