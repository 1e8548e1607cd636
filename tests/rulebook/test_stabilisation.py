"""Stabilisation rows and the exact band; published boundaries V1, V4, V12, V20."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.rulebook.dated import NoRuleError
from evermarket.rulebook.money import parse_price
from evermarket.rulebook.stabilisation import (
    Exemption,
    StabilisationFacts,
    check_exemption,
    close_check,
    disposition_rule,
    is_order_flow_disturbed,
    is_outside_band,
    odd_lot_exemption,
    odd_lot_rule,
    open_check,
    periodic_rule,
    volatility_exemption,
    volatility_rule,
)

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("example", "price", "trades", "outside"),
    [
        ("V4", "102", [("100", 1)], False),
        ("V4", "104", [("100", 1)], True),
        ("V12", "96", [("100", 1)], True),
        ("V20", "103.5", [("100", 1)], False),  # exactly 3.5 %
        ("V20 below", "96.5", [("100", 1)], False),
        ("V1", "104.949", [("101", 4), ("102", 5)], False),
        ("V1", "104.95", [("100", 1), ("101", 4), ("102", 5)], True),
        ("V1", "104.949", [("100", 1), ("101", 4), ("102", 5)], False),  # 101.4 x 1.035 exactly
        ("V1", "105", [("100", 1), ("101", 4), ("102", 5)], True),
    ],
)
def test_the_band_is_compared_exactly(example: str, price: str, trades: list[tuple[str, int]], outside: bool) -> None:
    value = sum(parse_price(text) * quantity for text, quantity in trades)
    quantity = sum(quantity for _, quantity in trades)
    assert is_outside_band(parse_price(price), value, quantity, 35) is outside, example


@given(st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 10**9))
def test_an_average_of_one_price_is_that_price(reference: int, quantity: int, price: int) -> None:
    assert is_outside_band(price, reference * quantity, quantity, 35) == is_outside_band(price, reference, 1, 35)
    assert is_outside_band(price, reference, 1, 35) == (not 965 * reference <= 1000 * price <= 1035 * reference)


def test_parameters_are_dated() -> None:
    rule = volatility_rule(TODAY)
    assert (rule.threshold_permille, rule.window_s, rule.duration_s, rule.ends) == (35, 300, 120, time(13, 25))
    assert volatility_rule(date(2021, 6, 27)).ends == time(13, 20)
    assert odd_lot_rule(date(2021, 6, 27)).ends == time(13, 20)
    assert odd_lot_rule(TODAY).ends == periodic_rule(TODAY).ends == time(13, 25)
    assert (open_check(TODAY).postponement_s, close_check(TODAY).postponement_s) == (120, 180)
    assert close_check(TODAY).entry_resumes_s == 60
    before, since = disposition_rule(date(2026, 8, 9)), disposition_rule(date(2026, 8, 10))
    assert (before.interval_first_s, before.interval_again_s, before.length_days) == (300, 1_200, 10)
    assert (since.interval_first_s, since.interval_again_s, since.length_day_trade_days) == (120, 120, 7)
    with pytest.raises(NoRuleError, match="first one starts on 2020-03-23"):
        volatility_rule(date(2020, 3, 22))


@pytest.mark.parametrize(
    ("day", "changed", "disturbed"),
    [(TODAY, 300, True), (TODAY, 299, False), (date(2023, 3, 19), 1_000, False), (date(2023, 3, 20), 300, True)],
)
def test_thirty_percent_cancelled_postpones_the_open_since_2023(day: date, changed: int, disturbed: bool) -> None:
    assert is_order_flow_disturbed(open_check(day), changed, 1_000) is disturbed
    assert not is_order_flow_disturbed(close_check(day), changed, 1_000)
    assert not is_order_flow_disturbed(open_check(day), 0, 0)  # no orders at all


@pytest.mark.parametrize(
    ("facts", "volatility", "check", "odd_lot"),
    [
        (StabilisationFacts(10_000), None, None, None),
        (StabilisationFacts(9_900), Exemption.LOW_PRICE, None, Exemption.LOW_PRICE),
        (
            StabilisationFacts(9_900, exempt_of_check=True),
            Exemption.LOW_PRICE,
            Exemption.LOW_PRICE,
            Exemption.LOW_PRICE,
        ),
        (StabilisationFacts(10**6, without_limits=True), Exemption.NO_LIMITS, None, Exemption.NO_LIMITS),
        (StabilisationFacts(10**6, warrant=True), Exemption.WARRANT, Exemption.WARRANT, None),
        (StabilisationFacts(10**6, call_auction_only=True), Exemption.CALL_AUCTION_ONLY, None, None),
        (StabilisationFacts(10**6, periodic=True), Exemption.PERIODIC, None, Exemption.LONG_INTERVAL),
    ],
)
def test_exemptions_say_why(
    facts: StabilisationFacts, volatility: Exemption | None, check: Exemption | None, odd_lot: Exemption | None
) -> None:
    assert (volatility_exemption(facts), check_exemption(facts), odd_lot_exemption(facts)) == (
        volatility,
        check,
        odd_lot,
    )
