"""Published and derived examples of the Taipei rulebook; the answers are typed by hand from its pages, in lots.

The orders are in tests/vectors/stories/examples.py, from which the scenario files are written too. Source: TWSE trading
mechanism pages and decks, worked examples A1, A3, C1, O1 to O3, M2, M4, M6, V1, V4, V6, V8, V10, V12, V20.
"""

import pytest

from evermarket.core import Core
from evermarket.records import Kind
from evermarket.records.kinds import Reason, Side, Tif
from tests.models.builder import price, seconds
from tests.models.day import Day
from tests.models.market import Model
from tests.models.words import join
from tests.vectors.stories import examples
from tests.vectors.stories.examples import LOT, lots


def fills(day: Day) -> list[tuple[int, int]]:
    """Price and lots of the trades of the last command."""
    return [(word.price, word.qty // LOT) for word in day.told(Kind.TRADED)]


def at(pairs: str) -> list[tuple[int, int]]:
    return [(price(text), qty // LOT) for text, qty in lots(pairs)]


def level(where: str, qty: int) -> tuple[int, int, int]:
    """One order of `qty` lots."""
    return (price(where), qty * LOT, 1)


def cancelled(day: Day) -> list[tuple[int, int]]:
    """Lots and reason of each cancellation by the last command."""
    return [(word.qty // LOT, word.code) for word in day.told(Kind.CANCELLED)]


def test_a1_the_official_call_auction_matches_185_lots_at_106() -> None:
    run = Day(examples.a1())
    (result,) = run.told(Kind.AUCTIONED)
    assert (result.price, result.volume) == (price("106"), 185 * LOT)
    bids, asks = run.model.depth(1, 1, 5)
    assert [(p, q // LOT) for p, q, _ in bids] == at("105.5x10 104.5x50 103.5x30 103x10 102.5x10")
    assert [(p, q // LOT) for p, q, _ in asks] == at("106x7 106.5x25 107x10 107.5x10 108x20")


@pytest.mark.parametrize("make", [Model, Core])
def test_a1_the_simulated_match_leaves_the_five_levels_disclosed(
    make: type[Model] | type[Core],
) -> None:
    day = examples.a1_before_the_match()
    market = make()
    market.run(join(day.rows))
    bids, asks = market.unfilled(1, 1, 5)
    assert [(p, q // LOT) for p, q, _ in bids] == at("105.5x10 104.5x50 103.5x30 103x10 102.5x10")
    assert [(p, q // LOT) for p, q, _ in asks] == at("106x7 106.5x25 107x10 107.5x10 108x20")
    assert market.depth(1, 1, 1)[0] == [level("108.5", 100)]


@pytest.mark.parametrize(("last", "expected"), [(None, "50"), ("50.6", "50.2"), ("49", "49.9")])
def test_a3_a_tie_goes_to_the_price_nearest_to_the_last_trade_else_to_the_reference(
    last: str | None, expected: str
) -> None:
    (result,) = Day(examples.a3(last)).told(Kind.AUCTIONED)
    assert (result.price, result.volume) == (price(expected), 30 * LOT)


def test_c1_a_buy_sweeps_the_asks_from_the_lowest_up() -> None:
    run = Day(examples.c1())
    assert fills(run) == at("103x10 103.5x20 104x20")
    assert run.model.depth(1, 1, 1)[1] == [level("104", 10)]


@pytest.mark.parametrize(
    ("tif", "expected", "gone", "rests"),
    [(Tif.ROD, "102x1 101x2", 0, 2), (Tif.IOC, "102x1 101x2", 2, 0), (Tif.FOK, "", 5, 0)],
)
def test_o1_to_o3_a_sell_of_five_with_each_time_in_force(tif: Tif, expected: str, gone: int, rests: int) -> None:
    run = Day(examples.o(tif))
    assert fills(run) == at(expected)
    assert cancelled(run) == ([(gone, Reason.TIME_IN_FORCE)] if gone else [])
    assert run.model.depth(1, 1, 5)[1] == ([level("100", rests)] if rests else [])


def test_m2_a_market_sell_takes_every_bid_and_rests_ahead_of_the_limits() -> None:
    run = Day(examples.m2())
    assert fills(run) == at("101x5 100x2 99x1")
    first = run.model.market.books[1, 1].queue(Side.SELL)[0]
    assert (first.is_market, first.leaves) == (True, 2 * LOT)


def test_m4_a_resting_market_buy_goes_first_at_its_converted_price() -> None:
    run = Day(examples.m4())
    assert fills(run) == at("110x1 110x2")
    buyer = run.model.market.orders[run.told(Kind.TRADED)[0].buy_no]
    assert buyer.is_market


def test_m6_the_incoming_limit_counts_in_the_converted_price() -> None:
    assert fills(Day(examples.m6())) == at("97x1 95x1 94x1")


def test_v1_the_reference_is_first_the_open_then_the_average_then_the_call_price() -> None:
    day = examples.v1()
    run = Day(day)
    (started,) = run.told(Kind.STABILISATION_STARTED)
    assert (started.reference, started.price) == (price("101.4"), price("105"))
    assert started.due == started.time + seconds(120)
    ended = examples.v1_after(day)
    run.go(day)
    (result,) = run.told(Kind.AUCTIONED)
    assert (result.price, result.time) == (price("104"), ended)
    examples.v1_edge(day, ended)
    run.go(day)
    assert fills(run) == at("111x1"), "the average is 107.64 now, so 111 is inside"
    assert run.model.market.books[1, 1].continuous[-2][1] == price("107.64"), "the last price inside 104 x 1.035"


def test_v1_a_price_beyond_the_call_price_trips_up_to_the_boundary_second() -> None:
    day = examples.v1()
    ended = examples.v1_after(day)
    day.mass_cancel(line=1)
    day.sell(1, "107.65", LOT)
    day.buy(1, "107.65", LOT, time=ended + seconds(300))
    (started,) = Day(day).told(Kind.STABILISATION_STARTED)
    assert started.reference == price("104")


def test_v4_a_limit_rod_trades_inside_the_band_then_starts_the_call() -> None:
    run = Day(examples.band("105", 10))
    assert fills(run) == at("101x1 102x2")
    assert len(run.told(Kind.STABILISATION_STARTED)) == 1
    assert run.model.depth(1, 1, 1)[0] == [level("105", 7)]


@pytest.mark.parametrize("qty", [6, 5])
def test_v6_a_fok_that_would_leave_the_band_is_cancelled_whole(qty: int) -> None:
    run = Day(examples.band("105", qty, Tif.FOK))
    assert fills(run) == []
    assert run.told(Kind.STABILISATION_STARTED) == []
    assert cancelled(run) == [(qty, Reason.BAND)]


@pytest.mark.parametrize(
    ("where", "qty", "tif", "rest"), [("105", 10, Tif.IOC, 7), (None, 6, Tif.ROD, 3)], ids=["V8", "V10"]
)
def test_v8_and_v10_ioc_and_market_orders_are_cut_at_the_band(where: str | None, qty: int, tif: Tif, rest: int) -> None:
    run = Day(examples.band(where, qty, tif))
    assert fills(run) == at("101x1 102x2")
    assert run.told(Kind.STABILISATION_STARTED) == []
    assert cancelled(run) == [(rest, Reason.BAND)]


def test_v12_a_first_price_outside_the_band_leaves_the_book_unchanged() -> None:
    run = Day(examples.v12())
    assert fills(run) == []
    assert cancelled(run) == [(6, Reason.BAND)]
    bids, asks = run.model.depth(1, 1, 9)
    assert bids == []
    assert [qty for _, qty, _ in asks] == [LOT] * 4


def test_v20_exactly_three_and_a_half_percent_is_inside() -> None:
    run = Day(examples.band("104", 3, resting="103.5x2 104x1"))
    assert fills(run) == at("103.5x2")
    assert len(run.told(Kind.STABILISATION_STARTED)) == 1
    assert run.model.depth(1, 1, 1)[0] == [level("104", 1)]
