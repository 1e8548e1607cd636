"""Daily price limits: TWSE Art. 63 and 67, warrants, SSE rounding; the worked examples by their names."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.rulebook.limits import (
    NO_LIMITS,
    DailyLimits,
    half_up_limits,
    inward_limits,
    is_without_limits,
    limit_rate,
    limits_of_day,
)
from evermarket.rulebook.money import parse_price
from evermarket.rulebook.ticks import is_on_tick, price_of_ordinal, tick_at, tick_table
from evermarket.rulebook.warrant_limits import (
    UnderlyingMove,
    WarrantKind,
    basket_warrant_limits,
    index_warrant_limits,
    single_warrant_limits,
    with_warrants_limits,
)

TODAY = date(2026, 11, 20)
STOCK = tick_table("TWSE", "stock", TODAY)
FUND = tick_table("TWSE", "fund", TODAY)
WARRANT = tick_table("TWSE", "warrant", TODAY)
SHANGHAI = tick_table("SSE", "stock", TODAY)
Rows = Callable[[str], list[dict[str, str]]]


def limits(up: str, down: str) -> DailyLimits:
    return DailyLimits(parse_price(up), parse_price(down))


@pytest.mark.parametrize(
    ("example", "kind", "day", "reference", "multiple", "expected"),
    [
        ("L1 official", "equity", TODAY, "40.60", 1, limits("44.65", "36.55")),
        ("L2 official", "equity", TODAY, "101", 1, limits("111", "90.9")),
        ("L5 thesis, 7 % era", "equity", date(2011, 6, 1), "74.7", 1, limits("79.9", "69.5")),
        ("L5 last day of 7 %", "equity", date(2015, 5, 29), "74.7", 1, limits("79.9", "69.5")),
        ("first day of 10 %", "equity", date(2015, 6, 1), "74.7", 1, limits("82.1", "67.3")),
        ("L6", "equity", TODAY, "9.99", 1, limits("10.95", "9.00")),
        ("L6", "equity", TODAY, "95", 1, limits("104.5", "85.5")),
        ("L6", "equity", TODAY, "999", 1, limits("1095", "900")),
        ("L6", "equity", TODAY, "1005", 1, limits("1105", "905")),
        ("L6", "equity", TODAY, "909", 1, limits("999", "819")),
        ("L6 ETF", "fund", TODAY, "97", 1, limits("106.7", "87.3")),
        ("L6 ETF x2", "fund", TODAY, "23.45", 2, limits("28.14", "18.76")),
        ("inverse ETF", "fund", TODAY, "23.45", -1, limits("25.79", "21.11")),
        ("range below a tick", "equity", TODAY, "0.05", 1, limits("0.06", "0.04")),
        ("never below a tick", "equity", TODAY, "0.01", 1, limits("0.02", "0.01")),
        ("E2 unrounded value", "equity", TODAY, "60.26", 1, limits("66.2", "54.3")),
        ("E2 from the basis instead", "equity", TODAY, "60.3", 1, limits("66.3", "54.3")),
    ],
)
def test_limits_of_the_worked_examples(
    example: str, kind: str, day: date, reference: str, multiple: int, expected: DailyLimits
) -> None:
    table = FUND if kind == "fund" else tick_table("TWSE", "stock", day)
    assert limits_of_day("TWSE", kind, table, parse_price(reference), day, multiple=multiple) == expected, example


@pytest.mark.parametrize(
    ("kind", "day", "close", "expected"),
    [
        ("main", TODAY, "14.56", limits("16.02", "13.10")),  # 16.016 and 13.104
        ("main", TODAY, "14.55", limits("16.01", "13.10")),  # 16.005 goes up, 13.095 goes up
        ("risk_warning", date(2023, 7, 11), "2.13", limits("2.24", "2.02")),
        ("risk_warning", TODAY, "2.13", limits("2.34", "1.92")),
        ("star", TODAY, "88.88", limits("106.66", "71.10")),
        ("main", TODAY, "0.04", limits("0.05", "0.03")),
        ("main", TODAY, "0.01", limits("0.02", "0.01")),
    ],
)
def test_shanghai_rounds_half_up_to_the_tick(kind: str, day: date, close: str, expected: DailyLimits) -> None:
    assert limits_of_day("SSE", kind, SHANGHAI, parse_price(close), day) == expected


def move(reference: str, up: str, down: str, ratio: str) -> UnderlyingMove:
    return UnderlyingMove(parse_price(reference), parse_price(up), parse_price(down), Fraction(ratio))


@pytest.mark.parametrize(
    ("example", "kind", "underlying", "reference", "expected"),
    [
        ("W1", WarrantKind.CALL, move("100", "110", "90", "0.05"), "1.50", limits("2.00", "1.00")),
        ("W1 floor", WarrantKind.CALL, move("100", "110", "90", "0.05"), "0.30", limits("0.80", "0.01")),
        ("uneven call", WarrantKind.CALL, move("909", "999", "819", "0.01"), "1.00", limits("1.90", "0.10")),
        ("uneven call down", WarrantKind.CALL, move("40.60", "44.65", "36.50", "1"), "9", limits("13", "4.90")),
        ("uneven put", WarrantKind.PUT, move("40.60", "44.65", "36.50", "1"), "9", limits("13.1", "4.95")),
    ],
)
def test_a_warrant_moves_with_its_underlying(
    example: str, kind: WarrantKind, underlying: UnderlyingMove, reference: str, expected: DailyLimits
) -> None:
    assert single_warrant_limits(WARRANT, parse_price(reference), kind, underlying) == expected, example


def test_a_basket_takes_the_larger_summed_move_both_ways() -> None:
    legs = [move("40.60", "44.65", "36.50", "0.1"), move("100", "110", "90", "0.05")]
    # up 0.405 + 0.5 = 0.905; down 0.41 + 0.5 = 0.91 is larger
    assert basket_warrant_limits(WARRANT, parse_price("2"), legs) == limits("2.91", "1.09")


def test_an_index_warrant_moves_by_points() -> None:
    found = index_warrant_limits(
        WARRANT,
        parse_price("1.00"),
        index_close=Fraction("20000.55"),
        point_value=parse_price("1"),
        ratio=Fraction("0.0001"),
        rate=Fraction(1, 10),
    )
    assert found == limits("1.20", "0.80")


def test_a_security_with_warrants_adds_the_warrants_move() -> None:
    found = with_warrants_limits(STOCK, parse_price("50"), Fraction(1, 10), move("100", "110", "90", "0.05"))
    assert found == limits("55.5", "44.5")


def test_new_listings_and_foreign_funds_have_no_limits() -> None:
    rate = limit_rate("TWSE", "equity", TODAY)
    assert [is_without_limits(rate, listing_day=day) for day in (1, 5, 6)] == [True, True, False]
    assert is_without_limits(limit_rate("TWSE", "fund", TODAY), foreign_component=True)
    assert not is_without_limits(limit_rate("TWSE", "fund", TODAY), listing_day=1)
    assert not is_without_limits(limit_rate("SSE", "main", date(2023, 4, 9)), listing_day=1)
    assert is_without_limits(limit_rate("SSE", "main", date(2023, 4, 10)), listing_day=5)
    assert NO_LIMITS.admits(1)
    assert NO_LIMITS.admits(1 << 62)


references = st.integers(min_value=1, max_value=5_000).map(lambda ordinal: price_of_ordinal(STOCK, ordinal))


@given(references, st.sampled_from([Fraction(7, 100), Fraction(1, 10), Fraction(1, 5)]))
def test_limits_contain_the_reference_and_are_the_last_prices_inside(reference: int, rate: Fraction) -> None:
    found = inward_limits(STOCK, reference, rate)
    assert found.up is not None
    assert found.down is not None
    assert found.down <= reference < found.up
    assert is_on_tick(STOCK, found.up)
    assert is_on_tick(STOCK, found.down)
    range_ = max(reference * rate, Fraction(tick_at(STOCK, reference)))
    assert found.up <= reference + range_ < found.up + tick_at(STOCK, found.up)
    assert found.down == 100 or found.down - tick_at(STOCK, found.down - 1) < reference - range_ <= found.down


@given(st.integers(min_value=1, max_value=100_000).map(lambda cents: cents * 100))
def test_shanghai_limits_are_within_half_a_tick_and_one_tick_apart(close: int) -> None:
    found = half_up_limits(SHANGHAI, close, Fraction(1, 10))
    assert found.up is not None
    assert found.down is not None
    assert found.up >= close + 100
    assert found.down <= max(close - 100, 100)
    if close >= 2_000:
        assert abs(found.up - Fraction(close * 11, 10)) <= 50
        assert abs(found.down - Fraction(close * 9, 10)) <= 50


def test_every_real_high_and_low_is_inside_and_the_next_tick_outside_is_refused(shared_rows: Rows) -> None:
    """Reference = close - change; ex-days carry no change. 19 days touch limit-up, 18 limit-down."""
    touched = {"up": 0, "down": 0}
    for row in shared_rows("tw_reference/stock_day.csv.gz"):
        if row["change"].startswith("X") or row["close"] == "--":
            continue  # an ex-day's reference is elsewhere; "--" is a day without a trade
        day = date.fromisoformat(row["date"])
        reference = parse_price(row["close"]) - parse_price(row["change"])
        found = limits_of_day("TWSE", "equity", STOCK, reference, day)
        high, low = parse_price(row["high"]), parse_price(row["low"])
        assert found.admits(high), row
        assert found.admits(low), row
        assert found.up is not None
        assert found.down is not None
        assert not found.admits(found.up + tick_at(STOCK, found.up))
        assert not found.admits(found.down - tick_at(STOCK, found.down - 1))
        if day >= date(2015, 6, 1):
            touched["up"] += high == found.up
            touched["down"] += low == found.down
    assert touched == {"up": 19, "down": 18}
