"""Money text and tick tables: TWSE Art. 62 and its neighbours."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.rulebook.dated import NoRuleError
from evermarket.rulebook.money import MoneyTextError, format_price, parse_amount, parse_price, round_half_up
from evermarket.rulebook.ticks import (
    TICK_TABLES,
    HalfWay,
    TickTable,
    ceil_tick,
    floor_tick,
    is_on_tick,
    make_bands,
    nearest_tick,
    price_of_ordinal,
    tick_at,
    tick_ordinal,
    tick_table,
)

TODAY = date(2026, 11, 20)
STOCK = tick_table("TWSE", "stock", TODAY)
tables = st.sampled_from(TICK_TABLES)
prices = st.integers(min_value=1, max_value=200_000_000)


@pytest.mark.parametrize(
    ("text", "price"),
    [("40.60", 406_000), ("0.0001", 1), ("1005", 10_050_000), ("-0.5", -5_000), ("9.99", 99_900), ("1.50000", 15_000)],
)
def test_decimal_text_becomes_an_exact_integer(text: str, price: int) -> None:
    assert parse_price(text) == price


@pytest.mark.parametrize("text", ["", "1e3", "1,000", "0.00001", "١", "nan", "12.", ".5", "1000000000000000"])
def test_text_that_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(MoneyTextError):
        parse_price(text)


def test_an_amount_may_be_finer_than_a_price() -> None:
    assert parse_amount("3.499789") == Fraction(3_499_789, 100)


@pytest.mark.parametrize(("value", "nearest"), [(Fraction(5, 2), 3), (Fraction(-5, 2), -3), (Fraction(249, 100), 2)])
def test_half_rounds_away_from_zero(value: Fraction, nearest: int) -> None:
    assert round_half_up(value) == nearest


@given(st.integers(min_value=-(1 << 62), max_value=1 << 62), st.integers(min_value=0, max_value=4))
def test_price_text_round_trips(price: int, decimals: int) -> None:
    assert parse_price(format_price(price, decimals_min=decimals)) == price


@pytest.mark.parametrize(
    ("market", "family", "day", "price", "tick"),
    [
        ("TWSE", "stock", TODAY, "9.99", "0.01"),
        ("TWSE", "stock", TODAY, "10", "0.05"),
        ("TWSE", "stock", TODAY, "49.95", "0.05"),
        ("TWSE", "stock", TODAY, "50", "0.10"),
        ("TWSE", "stock", TODAY, "100", "0.50"),
        ("TWSE", "stock", TODAY, "500", "1"),
        ("TWSE", "stock", TODAY, "1000", "5"),
        ("TWSE", "stock", date(2005, 2, 28), "9.9", "0.05"),
        ("TWSE", "stock", date(2005, 2, 28), "14.95", "0.05"),
        ("TWSE", "stock", date(2005, 2, 28), "15", "0.10"),
        ("TWSE", "stock", date(2005, 2, 28), "150", "1"),
        ("TWSE", "fund", TODAY, "49.99", "0.01"),
        ("TWSE", "fund", TODAY, "50", "0.05"),
        ("TWSE", "corporate_bond", TODAY, "100", "0.05"),
        ("TWSE", "government_bond", TODAY, "100", "0.05"),
        ("TWSE", "warrant", TODAY, "4.99", "0.01"),
        ("TWSE", "warrant", TODAY, "5", "0.05"),
        ("TWSE", "warrant", TODAY, "500", "5"),
        ("TWSE", "convertible", TODAY, "149.95", "0.05"),
        ("TWSE", "convertible", TODAY, "150", "1"),
        ("TWSE", "block", TODAY, "1234.56", "0.01"),
        ("SSE", "stock", TODAY, "1845.76", "0.01"),
        ("SSE", "fund", TODAY, "2.345", "0.001"),
    ],
)
def test_each_band_has_its_tick(market: str, family: str, day: date, price: str, tick: str) -> None:
    assert tick_at(tick_table(market, family, day), parse_price(price)) == parse_price(tick)


@pytest.mark.parametrize(
    ("value", "below", "above"),
    [("44.66", "44.65", "44.70"), ("99.95", "99.90", "100"), ("1003", "1000", "1005"), ("60.26", "60.20", "60.30")],
)
def test_values_between_ticks_have_two_neighbours(value: str, below: str, above: str) -> None:
    price = parse_price(value)
    assert not is_on_tick(STOCK, price)
    assert (floor_tick(STOCK, price), ceil_tick(STOCK, price)) == (parse_price(below), parse_price(above))


@pytest.mark.parametrize(
    ("value", "half", "nearest"),
    [
        ("905.50", HalfWay.UP, "906"),
        ("905.50", HalfWay.DOWN, "905"),
        ("60.26", HalfWay.DOWN, "60.30"),
        ("60.24", HalfWay.UP, "60.20"),
        ("0.001", HalfWay.DOWN, "0.01"),
    ],
)
def test_the_half_way_rule_is_a_parameter(value: str, half: HalfWay, nearest: str) -> None:
    assert nearest_tick(STOCK, parse_price(value), half) == parse_price(nearest)


def test_nothing_is_valid_at_or_below_zero() -> None:
    assert not is_on_tick(STOCK, 0)
    with pytest.raises(ValueError, match="first tick"):
        floor_tick(STOCK, 99)
    with pytest.raises(ValueError, match="below 1"):
        price_of_ordinal(STOCK, 0)
    with pytest.raises(ValueError, match="not on the tick table"):
        tick_ordinal(STOCK, parse_price("10.01"))


@pytest.mark.parametrize("band", [(150, 50), (1_200, 500), (0, 100), (100, 100)])
def test_bands_that_do_not_join_are_refused(band: tuple[int, int]) -> None:
    """No multiple of the lower tick, no multiple of the upper one, and two that do not rise."""
    assert len(make_bands((0, 100), (1_000, 500))) == 2
    with pytest.raises(ValueError, match="does not join"):
        make_bands((0, 100), band)


def test_a_day_before_the_first_row_is_an_error() -> None:
    with pytest.raises(NoRuleError, match="first one starts on 1996-12-26"):
        tick_table("TWSE", "stock", date(1990, 1, 1))
    with pytest.raises(NoRuleError, match="no row for ticks of TWSE option"):
        tick_table("TWSE", "option", TODAY)


def test_ordinals_count_valid_prices_across_bands() -> None:
    numbered = {"0.01": 1, "9.99": 999, "10": 1000, "10.05": 1001, "50": 1800, "100": 2300, "500": 3100, "1000": 3600}
    assert {text: tick_ordinal(STOCK, parse_price(text)) for text in numbered} == numbered


@given(tables, st.integers(min_value=1, max_value=100_000))
def test_ordinal_and_price_are_a_monotone_bijection(table: TickTable, ordinal: int) -> None:
    price = price_of_ordinal(table, ordinal)
    following = price_of_ordinal(table, ordinal + 1)
    assert tick_ordinal(table, price) == ordinal
    assert following == price + tick_at(table, price)
    assert ceil_tick(table, price + 1) == following


@given(tables, prices, st.fractions(min_value=0, max_value=1))
def test_floor_and_ceiling_enclose_without_skipping(table: TickTable, price: int, more: Fraction) -> None:
    value = max(price + more, Fraction(table.first_tick))
    below, above = floor_tick(table, value), ceil_tick(table, value)
    assert below <= value <= above
    assert is_on_tick(table, below)
    assert is_on_tick(table, above)
    assert tick_ordinal(table, above) - tick_ordinal(table, below) == (0 if below == value else 1)


def test_real_stock_prices_lie_on_the_tick_table(shared_rows: Callable[[str], list[dict[str, str]]]) -> None:
    rows = [row for row in shared_rows("tw_reference/stock_day.csv.gz") if row["close"] != "--"]
    seen = [
        (row["code"], row["date"], name)
        for row in rows
        for name in ("open", "high", "low", "close")
        if not is_on_tick(tick_table("TWSE", "stock", date.fromisoformat(row["date"])), parse_price(row[name]))
    ]
    assert len(rows) * 4 == 52_332
    assert seen == []


def test_published_closes_date_the_change_of_the_stock_table(
    shared_rows: Callable[[str], list[dict[str, str]]],
) -> None:
    """Until February 2005 every close is on the old table; of April to December 2005 more than a quarter are not."""
    rows = shared_rows("tw_reference/ex_reference_price_2003_2019.csv.gz")
    old = tick_table("TWSE", "stock", date(2005, 2, 28))
    before = [row for row in rows if row["date"] < "2005-03-01"]
    after = [row for row in rows if "2005-04-01" <= row["date"] < "2006-01-01"]
    assert len(before) > 900
    assert [row for row in before if not is_on_tick(old, parse_price(row["prev_close"]))] == []
    off_old = sum(not is_on_tick(old, parse_price(row["prev_close"])) for row in after)
    off_new = sum(not is_on_tick(STOCK, parse_price(row["prev_close"])) for row in after)
    assert off_old * 4 > len(after)
    assert off_new == 1  # a close of a market or fund outside the stock table


def test_real_shanghai_prices_are_cents(shared_rows: Callable[[str], list[dict[str, str]]]) -> None:
    stock = tick_table("SSE", "stock", date(2023, 7, 11))
    rows = shared_rows("l2_sse/auctions.csv")
    assert len(rows) == 6
    assert all(is_on_tick(stock, parse_price(row["price"])) for row in rows)
