"""Notes, warrants and stocks (ETNLP Art. 8; WLP Art. 4, 6, 7; SMM Art. 4): quoting, answers, sizes, exemptions."""

from typing import Any

import pytest

from evermarket.core import Core
from evermarket.duty import Contract, WarrantMethod, fold, measure_day
from evermarket.records.kinds import Product
from evermarket.records.units import SECOND_NS
from tests.duty.stage import LOTS, Script, breaches, measured, quote, withdraw, written
from tests.models.builder import Builder

RESPONSE: dict[str, Any] = {"method": WarrantMethod.RESPONSE}


def away(start: str, end: str) -> Script:
    """Nothing from `start` to `end`."""

    def script(day: Builder) -> None:
        day.at(start)
        withdraw(day)
        day.at(end)
        quote(day)

    return script


def sized(start: str, end: str, bid: int, ask: int, price: str = "99.9") -> Script:
    """Other sizes, in lots, from `start` to `end`."""

    def script(day: Builder) -> None:
        day.at(start)
        quote(day, price, qty=bid * 1_000, ask_qty=ask * 1_000)
        day.at(end)
        if end < "13:25:00":
            quote(day)

    return script


def flash(stood_s: float, *, moved: bool = False, taken: bool = False) -> Script:
    """Away from 10:00 to 10:08, but for a quote at 10:04 that stands `stood_s` seconds."""

    def script(day: Builder) -> None:
        if moved:
            day.sell(2, "500", 2_000)
        day.at("10:00:00")
        withdraw(day)
        day.at("10:04:00")
        quote(day)
        if moved:
            day.buy(2, "500", 1_000)
        if taken:
            day.buy(1, "100.1", 100_000)
        day.at("10:04:00")
        day.wait(stood_s)
        withdraw(day)
        day.at("10:08:00")
        quote(day)

    return script


def bid_only(day: Builder) -> None:
    day.at("10:00:00")
    quote(day, ask=None)


def underlying_halted(day: Builder) -> None:
    day.at("10:00:00")
    day.halt(2)
    withdraw(day)
    day.at("11:00:00")
    quote(day)
    day.resume(2)


def nothing_in_the_last_five(day: Builder) -> None:
    day.at("13:24:59")
    withdraw(day)


NOTES: list[tuple[str, Script, dict[str, Any], list[str]]] = [
    ("always there", lambda _: None, {}, []),
    ("away for five minutes", away("10:00:00", "10:05:00"), {}, []),
    ("away for more", away("10:00:00", "10:05:00.001"), {}, ["ACTIVE 10:00:00-10:05:00.001"]),
    ("99 lots are worth enough", sized("10:00:00", "11:00:00", 99, 99), {}, []),
    ("ten lots", sized("10:00:00", "11:00:00", 10, 10), {}, ["ACTIVE 10:00:00-11:00:00"]),
    ("eleven at 99.9 are a million", sized("10:00:00", "11:00:00", 11, 11), {}, []),
    ("ten lots, foreign markets closed", sized("10:00:00", "11:00:00", 10, 10), {"foreign_closed": True}, []),
    ("ten lots, premium case", sized("10:00:00", "11:00:00", 10, 10), {"premium_case": True}, []),
    ("nine lots even then", sized("10:00:00", "11:00:00", 9, 9), {"premium_case": True}, ["ACTIVE 10:00:00-11:00:00"]),
    ("ten lots in the last five minutes", sized("13:21:00", "13:30:00", 10, 10), {}, []),
    ("nine lots in the last minutes", sized("13:21:00", "13:30:00", 9, 9), {}, ["ACTIVE 13:21:00-13:30:00"]),
    ("too wide", sized("10:00:00", "11:00:00", 100, 100, "99"), {}, ["ACTIVE 10:00:00-11:00:00"]),
    ("one side is none", bid_only, {}, ["ACTIVE 10:00:00-13:30:00"]),
    ("a quote of thirty seconds", flash(30), {}, []),
    ("withdrawn too soon", flash(29.999), {}, ["ACTIVE 10:00:00-10:08:00"]),
    ("withdrawn because the value moved", flash(5, moved=True), {}, []),
    ("traded away", flash(5, taken=True), {}, []),
    ("away to the end", nothing_in_the_last_five, {}, ["ACTIVE 13:24:59-13:30:00"]),
]  # fmt: skip

WARRANTS: list[tuple[str, Script, dict[str, Any], list[str]]] = [
    ("always there", lambda _: None, {}, []),
    ("away", away("10:00:00", "10:05:01"), {}, ["ACTIVE 10:00:00-10:05:01"]),
    ("nothing is owed in the first five minutes", away("09:00:00", "09:10:00"), {}, []),
    ("counted from there", away("09:00:00", "09:10:01"), {}, ["ACTIVE 09:05:00-09:10:01"]),
    ("underlying halted", underlying_halted, {}, []),
    ("a halt of what is no underlying", underlying_halted, {"underlying": 0}, ["ACTIVE 10:00:00.001-11:00:00"]),
    ("issuer's list", away("10:00:00", "11:00:00"), {"listed": True}, []),
    ("bid only", bid_only, {}, ["ACTIVE 10:00:00-13:30:00"]),
    ("bid only, too few units", bid_only, {"units_short": True}, []),
    ("bid only, last days", bid_only, {"days_to_last": 14}, []),
    ("fifteen days before", bid_only, {"days_to_last": 15}, ["ACTIVE 10:00:00-13:30:00"]),
    ("ask of ten lots", sized("10:00:00", "11:00:00", 100, 10), {}, []),
    ("ask of nine", sized("10:00:00", "11:00:00", 100, 9), {}, ["ACTIVE 10:00:00-11:00:00"]),
    ("bid of one lot at 99.9 is too small", sized("10:00:00", "11:00:00", 1, 10), {}, ["ACTIVE 10:00:00-11:00:00"]),
    ("bid of two is worth enough", sized("10:00:00", "11:00:00", 2, 10), {}, []),
    ("four ticks, limit four", lambda _: None, {"spread_ticks": 4}, []),
    ("four ticks, limit three", lambda _: None, {"spread_ticks": 3}, ["ACTIVE 09:05:00-13:30:00"]),
    ("too soon", flash(29), {}, ["ACTIVE 10:00:00-10:08:00"]),
    ("the other method", flash(29), RESPONSE, []),
]  # fmt: skip


@pytest.mark.parametrize(("script", "terms", "expected"), [row[1:] for row in NOTES], ids=[row[0] for row in NOTES])
def test_notes(script: Script, terms: dict[str, Any], expected: list[str]) -> None:
    assert breaches(measured(Product.ETN, script, **terms)) == expected


@pytest.mark.parametrize(
    ("script", "terms", "expected"), [row[1:] for row in WARRANTS], ids=[row[0] for row in WARRANTS]
)
def test_warrants(script: Script, terms: dict[str, Any], expected: list[str]) -> None:
    assert breaches(measured(Product.WARRANT_CALL, script, **terms)) == expected


@pytest.mark.parametrize(
    ("lots", "start", "end", "terms", "kept"),
    [
        (10, "09:05:00", "09:15:00", {}, True),
        (10, "09:05:00", "09:20:01", {}, False),
        (10, "10:00:00", "10:06:00", {}, False),
        (10, "10:00:00", "10:06:00", {"underlying_restricted": True}, True),
        (9, "10:00:00", "10:06:00", {"underlying_restricted": True}, False),
        (10, "13:24:00", "13:30:00", {}, True),
        (9, "13:24:00", "13:30:00", {}, False),
        (100, "10:00:00", "10:06:00", {}, True),
        (99, "10:00:00", "10:06:00", {}, False),
    ],
)
def test_the_size_of_a_cheap_warrants_bid(lots: int, start: str, end: str, terms: dict[str, Any], kept: bool) -> None:
    """A hundred lots; ten in minutes 5 to 15, in the last five, and with a restricted underlying."""

    def script(day: Builder) -> None:
        day.at(start)
        quote(day, "0.5", "0.51", lots * 1_000, LOTS)
        day.at(end)
        if end < "13:25:00":
            quote(day, "0.5", "0.51")

    assert (breaches(measured(Product.WARRANT_PUT, script, is_cheap=True, **terms)) == []) is kept


def asked(answer_s: float | None, stood_s: float = 60, *, taken: bool = False, at: str = "10:00:00") -> Script:
    """A request to an empty book, and the quote that answers it."""

    def script(day: Builder) -> None:
        day.at("09:06:00")
        withdraw(day)
        day.at(at)
        day.quote_request(1)
        if answer_s is not None:
            day.at(at)
            day.wait(answer_s)
            quote(day)
            start = day.now - 1_000_000
            if taken:
                day.sell(1, "99.9", 100_000)
            day.now = start
            day.wait(stood_s)
            withdraw(day)

    return script


ANSWERS: list[tuple[str, Script, int, int, list[str]]] = [
    ("at the last moment", asked(300), 1, 1, []),
    ("too late", asked(300.001), 1, 0, ["RESPONSE 10:00:00-10:05:00"]),
    ("never", asked(None), 1, 0, ["RESPONSE 10:00:00-10:05:00"]),
    ("withdrawn within the minute", asked(10, 59.999), 1, 0, ["RESPONSE 10:00:00-10:05:00"]),
    ("traded within the minute", asked(10, 59, taken=True), 1, 1, []),
    ("a minute after the duty began", asked(None, at="09:06:00"), 1, 0, ["RESPONSE 09:06:00-09:11:00"]),
    ("just long enough before the close", asked(None, at="13:24:59"), 1, 0, ["RESPONSE 13:24:59-13:29:59"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "count", "kept", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(script: Script, count: int, kept: int, expected: list[str]) -> None:
    one = measured(Product.WARRANT_CALL, script, **RESPONSE)
    assert (one.requests, one.responses_kept) == (count, kept)
    assert breaches(one) == expected


def test_a_standing_quote_answers_at_once() -> None:
    def script(day: Builder) -> None:
        day.wait(3_600)
        day.quote_request(1)

    one = measured(Product.WARRANT_CALL, script, **RESPONSE)
    assert (one.requests, one.responses_kept, one.response_ns) == (1, 1, [0])


def test_requests_are_not_judged_without_a_duty() -> None:
    """In the first five minutes there is none; five minutes before the end nobody can tell."""

    def early(day: Builder) -> None:
        withdraw(day)
        day.quote_request(1)
        day.at("09:10:00")
        quote(day)

    def late(day: Builder) -> None:
        day.at("13:24:00")
        withdraw(day)
        day.at("13:25:00")
        day.phase("CLOSE_CALL")
        day.at("13:25:01")
        day.quote_request(1)

    assert measured(Product.WARRANT_CALL, early, **RESPONSE).requests == 0
    assert measured(Product.WARRANT_CALL, late, **RESPONSE).requests == 0


def test_response_times_are_told() -> None:
    assert measured(Product.WARRANT_CALL, asked(12.5), **RESPONSE).response_ns == [12_500_000_000]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (away("09:00:00", "11:15:00"), []),
        (away("09:00:00", "11:15:00.001"), ["VALID_TIME 09:00:00-13:30:00"]),
        (sized("09:00:00", "13:20:00", 3, 3), []),
        (sized("09:00:00", "13:20:00", 2, 2), ["VALID_TIME 09:00:00-13:30:00"]),
        (sized("09:00:00", "13:20:00", 100, 100, "97.1"), []),
        (sized("09:00:00", "13:20:00", 100, 100, "97.05"), ["VALID_TIME 09:00:00-13:30:00"]),
    ],
)
def test_market_makers_of_stocks(script: Script, expected: list[str]) -> None:
    """Half of the time with three per cent, and five lots or NT$200 000."""
    assert breaches(measured(Product.STOCK, script)) == expected


def test_a_makers_excluded_time() -> None:
    """An hour at limit-up does not count: half of what is left suffices."""

    def script(day: Builder) -> None:
        day.at("09:00:00")
        quote(day, "110", None)
        day.at("10:00:00")
        withdraw(day)
        day.at("11:45:00")
        quote(day)

    one = measured(Product.STOCK, script)
    assert breaches(one) == []
    assert one.excused_ns == {"bid at limit-up": 3_600 * SECOND_NS}
    assert one.valid_ns * 2 == one.counted_ns


def test_an_appointed_provider_who_never_came() -> None:
    """The journal alone cannot know of it; the contract names its line."""
    stream = Core().run(written(Product.ETN, lambda _: None).records())
    contract = Contract(instrument=2, line=3)
    market, books = fold([stream], {2: contract})
    absent = measure_day(market, books, {2: contract})[1]
    assert (absent.instrument, absent.member, absent.valid_ns) == (2, 3, 0)
    assert breaches(absent) == ["VALID_TIME 09:00:00-13:30:00"]
