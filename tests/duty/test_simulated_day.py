"""A small simulated day through the core: the fold sees the core's books and measures every provider."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from evermarket.core import Core
from evermarket.duty import Book, Market, Measure, fold, measure_day
from evermarket.records import HEADER, LAYOUT, NO_PRICE, Kind, Records, of_kind
from evermarket.records.kinds import Phase, Segment
from evermarket.records.units import SECOND_NS
from evermarket.sim.config import preset
from evermarket.sim.day import SimulatedDay

NOON_S = 4 * 3_600
"""Seconds from the first step (08:00) after which the books are compared."""


Sides = tuple[int | None, int | None]


class Slow:
    """Every live limit order of the regular books, kept the obvious way."""

    def __init__(self) -> None:
        self.live: dict[int, list[int]] = {}

    def take(self, row: Any) -> None:
        kind = Kind(int(row["kind"]))
        if int(row["attributes"]) & 15 != Segment.REGULAR:
            return
        body = row.view(LAYOUT[kind])
        if kind == Kind.ACCEPTED:
            self.live[int(body["order_no"])] = [int(body[name]) for name in ("instrument", "side", "price", "qty")]
        elif kind in (Kind.REDUCED, Kind.REPRICED, Kind.CANCELLED):
            self.live[int(body["order_no"])][2:] = [int(body["price"]), int(body["leaves"])]
        elif kind == Kind.TRADED:
            self.live[int(body["buy_no"])][3] = int(body["buy_leaves"])
            self.live[int(body["sell_no"])][3] = int(body["sell_leaves"])

    def best(self, instrument: int) -> Sides:
        """Best limit prices."""
        prices: dict[int, list[int]] = {1: [], 2: []}
        for at, side, price, leaves in self.live.values():
            if at == instrument and leaves and price != NO_PRICE:
                prices[side].append(price)
        return max(prices[1], default=None), min(prices[2], default=None)


class Played(NamedTuple):
    parts: list[Records]
    noon: int
    """How many parts had come at noon."""
    best: dict[int, Sides]
    day: SimulatedDay


@pytest.fixture(scope="module")
def played() -> Played:
    day = SimulatedDay(preset("normal", seed=7, orders=6_000, instruments=60, members=10, batch=500))
    core, slow = Core(), Slow()
    quoted = {one.instrument for one in day.instruments if one.provider}
    parts, noon, best, closes = [whole(core.run(day.reference()))], 0, {}, 0
    for commands in day.batches():
        parts.append(whole(core.run(commands)))
        for row in parts[-1]:
            if row["kind"] == Kind.STATISTICS and row["instrument"] in quoted and row["attributes"] == Segment.REGULAR:
                closes += 1
                body = row.view(LAYOUT[Kind.STATISTICS])
                told = [int(body[name]) for name in ("best_bid", "best_ask")]
                assert slow.best(int(row["instrument"])) == tuple(None if one == NO_PRICE else one for one in told)
            slow.take(row)
        if not noon and day.clock >= day.hours.start_ns + NOON_S * SECOND_NS:
            noon, best = len(parts), {one: slow.best(one) for one in quoted}
    assert closes > 10
    return Played(parts, noon, best, day)


def whole(rows: Records) -> Records:
    """A copy of all bytes."""
    return rows.view("V64").copy().view(HEADER)


@pytest.fixture(scope="module")
def folded(played: Played) -> tuple[Market, dict[int, Book], list[Measure]]:
    market, books = fold(played.parts)
    return market, books, measure_day(market, books, {})


def test_at_noon_the_best_prices_are_the_books(played: Played) -> None:
    """The slow way agrees with what the core tells at the close, and the fold with the slow way at noon."""
    _, books = fold(played.parts[: played.noon])
    last = {at: book.views[-1] for at, book in books.items()}
    open_now = {at for at, view in last.items() if view.phase == Phase.CONTINUOUS}
    assert len(open_now) > 10
    assert {at: last[at][1:3] for at in open_now} == {at: played.best[at] for at in open_now}


def test_providers_quotes_are_what_they_sent(played: Played) -> None:
    """At noon each provider has what its last quote left; here those nobody has traded with."""
    _, books = fold(played.parts[: played.noon])
    rows = np.concatenate([part.view("V64") for part in played.parts[: played.noon]]).view(HEADER)
    untouched = 0
    for row in of_kind(rows, Kind.QUOTED)[::-1][:200]:
        book = books[int(row["instrument"])]
        (standing,) = book.standing.values()
        bid_no = int(row["order_no"])
        ours = {bid_no, bid_no + 1} & set(standing.live)
        if len(ours) == 2 and not any(standing.live[one].filled for one in ours):
            sides = (int(row["bid_price"]), int(row["bid_qty"]), int(row["ask_price"]), int(row["ask_qty"]))
            assert standing.owns[-1][1:5] == sides
            untouched += 1
    assert untouched > 5


def test_every_quoted_instrument_has_its_provider(
    played: Played, folded: tuple[Market, dict[int, Book], list[Measure]]
) -> None:
    by_line = {line.line: (line.member, line.account) for line in played.day.lines}
    quoted = {one.instrument for one in played.day.instruments if one.provider}
    measures = folded[2]
    assert {one.instrument for one in measures} <= quoted
    assert len(measures) > len(quoted) // 2
    assert {(one.member, one.account) for one in measures} <= set(by_line.values())


def test_times_add_up(folded: tuple[Market, dict[int, Book], list[Measure]]) -> None:
    for one in folded[2]:
        assert one.counted_ns + sum(one.excused_ns.values()) == one.session_ns == 16_200 * SECOND_NS
        assert 0 <= one.valid_ns <= one.two_sided_ns + one.counted_ns
        assert one.rounds_present <= one.rounds
        assert one.responses_kept <= one.requests


def test_trades_are_the_journals(played: Played, folded: tuple[Market, dict[int, Book], list[Measure]]) -> None:
    """Every trade of a provider's order is told once, with its quantity."""
    rows = np.concatenate([part.view("V64") for part in played.parts]).view(HEADER)
    ours = {order.order_no for one in folded[2] for order in one.orders}
    expected = 0
    for trade in of_kind(rows, Kind.TRADED):
        if int(trade["attributes"]) & 15 == Segment.REGULAR:
            expected += int(trade["qty"]) * sum(int(trade[side]) in ours for side in ("buy_no", "sell_no"))
    assert expected > 0
    assert sum(trade.qty for one in folded[2] for trade in one.trades) == expected
    assert sum(order.filled for one in folded[2] for order in one.orders) == expected


def test_the_size_of_a_part_does_not_matter(
    played: Played, folded: tuple[Market, dict[int, Book], list[Measure]]
) -> None:
    """One array or many give the same measures."""
    rows = np.concatenate([part.view("V64") for part in played.parts]).view(HEADER)
    market, books = fold([rows])
    assert measure_day(market, books, {}) == folded[2]
