"""Liquidity providers and market makers: each limit on both of its sides."""

from fractions import Fraction

import pytest

from evermarket.rulebook.liquidity import (
    MAKER_DUTY,
    NOTE_DUTY,
    WARRANT_DUTY,
    FundKind,
    NotCounted,
    QuoteSize,
    WarrantSides,
    is_active_kept,
    is_fund_spread_breach,
    is_maker_day_kept,
    is_maker_month_kept,
    is_maker_quote_valid,
    is_month_failed,
    is_one_sided_breach,
    is_response_kept,
    is_spread_kept,
    is_tick_spread_kept,
    note_quote_size,
    spread,
    warrant_bid_size,
    warrant_sides,
)
from evermarket.rulebook.money import parse_price as price

COUNTED = NotCounted()


def test_the_spread_is_measured_on_the_ask() -> None:
    assert spread(price("99"), price("100")) == Fraction(1, 100)
    assert is_spread_kept(price("99"), price("100"), 10)
    assert not is_spread_kept(price("98.95"), price("100"), 10)
    with pytest.raises(ValueError, match="two prices"):
        spread(0, price("100"))
    with pytest.raises(ValueError, match="two prices"):
        spread(price("100"), 0)


@pytest.mark.parametrize(
    ("kind", "bid", "lasting_s", "unless", "breach"),
    [
        (FundKind.DOMESTIC, "98.95", 601, COUNTED, True),
        (FundKind.DOMESTIC, "98.95", 600, COUNTED, False),
        (FundKind.DOMESTIC, "99", 601, COUNTED, False),
        (FundKind.FOREIGN, "98.95", 601, COUNTED, False),
        (FundKind.FOREIGN, "96.95", 601, COUNTED, True),
        (FundKind.FOREIGN, "96.95", 601, NotCounted(foreign_market_closed=True), False),
        (FundKind.DOMESTIC, "98.95", 601, NotCounted(bid_at_limit_up=True), False),
        (FundKind.DOMESTIC, "98.95", 601, NotCounted(ask_at_limit_down=True), False),
        (FundKind.DOMESTIC, "98.95", 601, NotCounted(market_price_displayed=True), False),
        (FundKind.DOMESTIC, "98.95", 601, NotCounted(matching_postponed=True), False),
    ],
)
def test_a_fund_spread_counts_only_wide_long_and_unexcused(
    kind: FundKind, bid: str, lasting_s: int, unless: NotCounted, breach: bool
) -> None:
    assert is_fund_spread_breach(kind, price(bid), price("100"), lasting_s, unless) is breach


@pytest.mark.parametrize(
    ("kind", "bid", "ask", "lasting_s", "unless", "breach"),
    [
        (FundKind.DOMESTIC, 1, None, 181, COUNTED, True),
        (FundKind.DOMESTIC, None, 1, 181, COUNTED, True),
        (FundKind.DOMESTIC, 1, None, 180, COUNTED, False),
        (FundKind.FOREIGN, 1, None, 600, COUNTED, False),
        (FundKind.FOREIGN, 1, None, 601, COUNTED, True),
        (FundKind.DOMESTIC, 1, 2, 601, COUNTED, False),
        (FundKind.DOMESTIC, None, None, 601, COUNTED, False),
        (FundKind.DOMESTIC, 1, None, 181, NotCounted(bid_at_limit_up=True), False),
    ],
)
def test_one_side_alone_counts_after_its_time(
    kind: FundKind, bid: int | None, ask: int | None, lasting_s: int, unless: NotCounted, breach: bool
) -> None:
    assert is_one_sided_breach(kind, bid, ask, lasting_s, unless) is breach


@pytest.mark.parametrize(
    ("kind", "one_sided", "wide", "failed"),
    [
        (FundKind.DOMESTIC, 2, 2, False),
        (FundKind.DOMESTIC, 3, 0, True),
        (FundKind.DOMESTIC, 0, 3, True),
        (FundKind.FOREIGN, 3, 3, False),
        (FundKind.FOREIGN, 4, 3, True),
    ],
)
def test_domestic_funds_count_each_kind_and_foreign_ones_both_together(
    kind: FundKind, one_sided: int, wide: int, failed: bool
) -> None:
    assert is_month_failed(kind, one_sided, wide) is failed


def test_a_size_is_met_by_lots_or_by_value() -> None:
    size = QuoteSize(100, price("1000000"))
    assert size.is_met(price("5"), 100_000)
    assert not size.is_met(price("5"), 99_000)
    assert size.is_met(price("50"), 20_000)
    assert not size.is_met(price("50"), 19_999)
    assert not QuoteSize(10).is_met(price("5000"), 9_999)


def test_an_etn_may_quote_ten_lots_in_its_special_cases() -> None:
    usual = {"foreign_closed": False, "seconds_to_close": 301, "premium_case": False}
    assert note_quote_size(NOTE_DUTY, **usual).lots == 100
    for case in ({"foreign_closed": True}, {"seconds_to_close": 300}, {"premium_case": True}):
        assert note_quote_size(NOTE_DUTY, **(usual | case)).lots == 10


@pytest.mark.parametrize(
    ("restricted", "open_s", "to_close_s", "lots"),
    [
        (False, 900, 301, 100),
        (False, 300, 9_999, 10),
        (False, 899, 9_999, 10),
        (True, 3_600, 9_999, 10),
        (False, 15_000, 300, 10),
    ],
)
def test_a_warrant_bid_is_smaller_at_the_edges_of_the_day(
    restricted: bool, open_s: int, to_close_s: int, lots: int
) -> None:
    size = warrant_bid_size(WARRANT_DUTY, underlying_restricted=restricted, open_s=open_s, seconds_to_close=to_close_s)
    assert size.lots == lots


@pytest.mark.parametrize(
    ("quoted_s", "withdrawn_s", "kept"),
    [(400, None, True), (401, None, False), (None, None, False), (200, 260, True), (200, 259, False)],
)
def test_a_request_is_answered_within_five_minutes_and_stands_one(
    quoted_s: int | None, withdrawn_s: int | None, kept: bool
) -> None:
    assert is_response_kept(WARRANT_DUTY, 100, quoted_s, withdrawn_s) is kept


@pytest.mark.parametrize(
    ("since_s", "stood_s", "moved", "kept"),
    [(300, 30, False, True), (301, 30, False, False), (300, 29, False, False), (300, 29, True, True)],
)
def test_active_quotes_come_often_and_stand(since_s: int, stood_s: int, moved: bool, kept: bool) -> None:
    every_s, standing_s = WARRANT_DUTY.active_every_s, WARRANT_DUTY.active_standing_s
    assert is_active_kept(every_s, standing_s, since_s, stood_s, value_moved=moved) is kept
    assert (NOTE_DUTY.every_s, NOTE_DUTY.standing_s) == (every_s, standing_s)


@pytest.mark.parametrize(
    ("changes", "sides"),
    [
        ({}, WarrantSides.BOTH),
        ({"open_s": 299}, WarrantSides.NONE),
        ({"underlying_halted": True}, WarrantSides.NONE),
        ({"listed": True}, WarrantSides.NONE),
        ({"units_short": True}, WarrantSides.BID_ONLY),
        ({"days_to_last": 14}, WarrantSides.BID_ONLY),
        ({"days_to_last": 15}, WarrantSides.BOTH),
    ],
)
def test_a_warrant_provider_owes_both_sides_but_for_its_exceptions(
    changes: dict[str, int], sides: WarrantSides
) -> None:
    usual = {"open_s": 300, "underlying_halted": False, "units_short": False, "days_to_last": 60}
    assert warrant_sides(WARRANT_DUTY, **(usual | changes)) is sides


def test_a_warrant_spread_is_counted_in_ticks() -> None:
    assert is_tick_spread_kept(5, 5)
    assert not is_tick_spread_kept(6, 5)


def test_a_stock_maker_needs_spread_size_time_and_days() -> None:
    assert is_maker_quote_valid(MAKER_DUTY, price("97"), 5_000, price("100"), 5_000)
    assert not is_maker_quote_valid(MAKER_DUTY, price("96.9"), 5_000, price("100"), 5_000)
    assert not is_maker_quote_valid(MAKER_DUTY, price("39"), 4_999, price("40"), 5_000)
    assert not is_maker_quote_valid(MAKER_DUTY, price("39"), 5_000, price("40"), 4_999)
    assert is_maker_quote_valid(MAKER_DUTY, price("970"), 1_000, price("1000"), 1_000)  # NT$200,000 suffices
    assert is_maker_day_kept(MAKER_DUTY, 5_000, 16_200, 6_200)
    assert not is_maker_day_kept(MAKER_DUTY, 4_999, 16_200, 6_200)
    assert is_maker_month_kept(MAKER_DUTY, 16, 20)
    assert not is_maker_month_kept(MAKER_DUTY, 15, 20)
