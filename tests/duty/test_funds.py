"""ETF providers (SEED 6, 6-1): one-sided display, spread, sizes while postponed, participation, and every exemption.

A row is a name, what happens after the open, the contract, and the breaches of the day.
"""

from typing import Any

import pytest

from evermarket.records.kinds import Product, Special
from evermarket.records.units import SECOND_NS
from evermarket.rulebook.liquidity import FundKind
from tests.duty.stage import Script, breaches, measured, quote, withdraw
from tests.models.builder import Builder

FOREIGN = {"fund": FundKind.FOREIGN}


def alone(start: str, end: str, bid: str | None = "99.9", ask: str | None = None) -> Script:
    """One side only from `start` to `end`."""
    return shown(start, end, bid, ask)


def shown(start: str, end: str, bid: str | None, ask: str | None) -> Script:
    """Another quote from `start` to `end`."""

    def script(day: Builder) -> None:
        day.at(start)
        quote(day, bid, ask)
        day.at(end)
        quote(day)

    return script


def market_price(day: Builder) -> None:
    """Nobody sells; a market buy waits."""
    day.at("10:00:00")
    quote(day, ask=None)
    waiting = day.buy(1, None, 1_000)
    day.at("10:10:00")
    day.cancel(waiting)
    quote(day)


def called(end: str, *, is_called: bool = True, present: bool = True) -> Script:
    """Wide from 10:00 to `end`; a volatility call (58-3 para 6) from 10:05 to 10:07."""

    def script(day: Builder) -> None:
        day.at("10:00:00")
        quote(day, "99.9", "105")
        if is_called:
            day.at("10:05:00")
            day.buy(1, "105", 1_000)
            due = day.now - 1_000_000 + 120 * SECOND_NS
            if not present:
                day.at("10:05:30")
                withdraw(day)
                day.at("10:06:50")
                quote(day, "99.9", "105")
            day.timer(1, Special.VOLATILITY, due)
        day.at(end)
        quote(day)

    return script


def halted(day: Builder) -> None:
    day.at("10:00:00")
    day.sell(1, "100.2", 1_000)
    quote(day, bid=None)
    day.halt(1)
    day.at("10:30:00")
    day.resume(1)
    quote(day)


def bought_in_the_closing_call(day: Builder) -> None:
    """The simulated match leaves no seller from 13:25:05 on."""
    day.at("13:25:00")
    day.phase("CLOSE_CALL")
    day.buy(1, "100.1", 100_000)
    day.at("13:25:05")
    day.indicate()


def sold_in_the_closing_call_unseen(day: Builder) -> None:
    """The same without a look at the book: nothing new is disclosed."""
    day.at("13:25:00")
    day.phase("CLOSE_CALL")
    day.buy(1, "100.1", 100_000)


CASES: list[tuple[str, Script, dict[str, Any], list[str]]] = [
    ("a day like the contract wants", lambda _: None, {}, []),
    ("three minutes one-sided", alone("10:00:00", "10:03:00"), {}, []),
    ("a moment more", alone("10:00:00", "10:03:00.001"), {}, ["ONE_SIDED 10:00:00-10:03:00.001"]),
    ("only a seller", alone("10:00:00", "10:04:00", None, "100.1"), {}, ["ONE_SIDED 10:00:00-10:04:00"]),
    ("an empty book is no one-sided one", alone("10:00:00", "10:30:00", None, None), {}, []),
    ("foreign: ten minutes", alone("10:00:00", "10:10:00"), FOREIGN, []),
    ("foreign: more", alone("10:00:00", "10:10:01"), FOREIGN, ["ONE_SIDED 10:00:00-10:10:01"]),
    ("one per cent exactly", shown("10:00:00", "11:00:00", "99", "100"), {}, []),
    ("wide for ten minutes", shown("10:00:00", "10:10:00", "98.95", "100"), {}, []),
    ("wide for more", shown("10:00:00", "10:10:01", "98.95", "100"), {}, ["SPREAD 10:00:00-10:10:01"]),
    ("foreign: three per cent", shown("10:00:00", "11:00:00", "97", "100"), FOREIGN, []),
    ("foreign: wider", shown("10:00:00", "11:00:00", "96.95", "100"), FOREIGN, ["SPREAD 10:00:00-11:00:00"]),
    ("limit-up bid", alone("10:00:00", "10:30:00", "110"), {}, []),
    ("a tick below it", alone("10:00:00", "10:30:00", "109.95"), {}, ["ONE_SIDED 10:00:00-10:30:00"]),
    ("limit-down ask", alone("10:00:00", "10:30:00", None, "90"), {}, []),
    ("a tick above it", alone("10:00:00", "10:30:00", None, "90.05"), {}, ["ONE_SIDED 10:00:00-10:30:00"]),
    ("market price displayed", market_price, {}, []),
    ("foreign market closed", alone("10:00:00", "10:30:00"), {**FOREIGN, "foreign_closed": True}, []),
    ("halted", halted, {}, []),
    ("wide without a call", called("10:12:30", is_called=False), {}, ["SPREAD 10:00:00-10:12:30"]),
    ("a call ends what lasts", called("10:12:30"), {}, []),
    ("or is left out", called("10:12:30"), {"excused_ends": False}, ["SPREAD 10:00:00-10:12:30"]),
    ("left out, and the rest too short", called("10:11:30"), {"excused_ends": False}, []),
    ("away while postponed", called("10:09:00", present=False), {}, ["POSTPONED_SIZE 10:05:30-10:06:50"]),
    ("away for as long as allowed", called("10:09:00", present=False), {"postponed_short_s": 80}, []),
    ("a larger size is owed", called("10:09:00"), {"postponed_lots": 101}, ["POSTPONED_SIZE 10:05:00-10:07:00"]),
    ("simulated data count", bought_in_the_closing_call, {}, ["ONE_SIDED 13:25:05-13:30:00"]),
    ("but only when disclosed", sold_in_the_closing_call_unseen, {}, []),
    ("valid time", alone("09:00:00", "11:15:00.001"), {"valid_permille": 500, **FOREIGN, "foreign_closed": False}, [
        "ONE_SIDED 09:00:00-11:15:00.001", "VALID_TIME 09:00:00-13:30:00",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("script", "terms", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_breaches(script: Script, terms: dict[str, Any], expected: list[str]) -> None:
    assert breaches(measured(Product.ETF, script, **terms)) == expected


def traded(day: Builder) -> None:
    """Three rounds: both sides near, one side far, away."""
    day.at("10:00:00")
    day.buy(1, "100.1", 1_000)
    quote(day, "97", "100.1")
    day.buy(1, "100.1", 1_000)
    withdraw(day)
    day.sell(1, "100", 2_000)
    day.buy(1, "100", 2_000)
    quote(day)


def test_rounds_with_both_sides_near_the_price() -> None:
    """The 2020 text's participation counts matching rounds."""
    one = measured(Product.ETF, traded)
    assert (one.rounds, one.rounds_present) == (3, 1)
    assert breaches(measured(Product.ETF, traded, rounds_permille=333)) == []
    assert breaches(measured(Product.ETF, traded, rounds_permille=334)) == ["ROUNDS 09:00:00-13:30:00"]
    assert measured(Product.ETF, traded, range_permille=40).rounds_present == 2


def test_spread_over_time_is_weighted() -> None:
    """Half the session at 0.2 of 100.1, half at 1 of 100."""
    one = measured(Product.ETF, shown("09:00:00", "11:15:00", "99", "100"))
    assert one.spread_ppm is not None
    narrow = 2_000 * 1_000_000 // 1_001_000  # 0.2 of 100.1, floored
    assert abs(one.spread_ppm - (10_000 + narrow) // 2) <= 1


def test_what_is_counted_adds_up() -> None:
    one = measured(Product.ETF, called("10:12:30"))
    assert one.session_ns == 16_200 * SECOND_NS
    assert one.excused_ns == {"matching postponed": 120 * SECOND_NS}
    assert one.counted_ns == one.session_ns - 120 * SECOND_NS
    assert one.postponed_ns == 120 * SECOND_NS


def test_refused_times_in_force_are_counted() -> None:
    """IOC and FOK quotes and orders of a provider's line (QUOTE_TIF); an investor's are no matter."""

    def script(day: Builder) -> None:
        day.quote(1, ("99", 1_000), ("101", 1_000), line=3, tif=2)
        day.buy(1, "99", 1_000, line=3, account=88, tif=3)
        day.buy(1, "99", 1_000, tif=2)

    one = measured(Product.ETF, script)
    assert one.refused_tif == 2
    assert [order.qty for order in one.orders] == [100_000, 100_000]


def test_orders_of_another_account_are_no_quotes() -> None:
    """A provider's hedge account is not its quoting account."""

    def script(day: Builder) -> None:
        day.at("10:00:00")
        withdraw(day)
        day.buy(1, "99.9", 100_000, line=3, account=89)
        day.sell(1, "100.1", 100_000, line=3, account=89)

    one = measured(Product.ETF, script)
    assert one.valid_ns == 3_600 * SECOND_NS
    assert len(one.orders) == 2


def test_orders_and_trades_for_the_issuer() -> None:
    """What became of each order, and each trade with its side."""

    def script(day: Builder) -> None:
        day.at("10:00:00")
        day.buy(1, "100.1", 30_000)
        day.at("10:00:01")
        withdraw(day)

    one = measured(Product.ETF, script)
    fates = [(order.side, order.filled, order.leaves, order.end) for order in one.orders]
    assert fates == [(1, 0, 0, "mass"), (2, 30_000, 0, "mass")]
    assert [(trade.side, trade.price, trade.qty, trade.order_no) for trade in one.trades] == [(2, 1_001_000, 30_000, 2)]
