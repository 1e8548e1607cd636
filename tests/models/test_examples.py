"""Published and derived examples of the Taipei rulebook; the answers are typed by hand from its pages, in lots.

Source: rulebook notes for TWSE, worked examples A1, A3, C1, O1 to O3, M2, M4, M6, V1, V4, V6, V8, V10, V12, V20.
"""

import pytest

from evermarket.records import Kind
from evermarket.records.kinds import Action, BookFlag, Match, Reason, Side, Special, Tif
from tests.models.builder import Builder, market, price
from tests.models.day import Day

LOT = 1_000
FIRST = Action.FIRST_MATCH


def continuous(day: Builder) -> None:
    day.phase("CONTINUOUS")


def with_last(day: Builder, at: str) -> None:
    """Open in continuous trading with one lot traded at `at`."""
    continuous(day)
    day.sell(1, at, LOT)
    day.buy(1, at, LOT)


def lots(pairs: str) -> list[tuple[str, int]]:
    """ "108.5x100 108x10" as [("108.5", 100_000), ("108", 10_000)]."""
    return [(at, int(qty) * LOT) for at, qty in (pair.split("x") for pair in pairs.split())]


def fills(day: Day) -> list[tuple[int, int]]:
    """Price and lots of the trades of the last command."""
    return [(word.price, word.qty // LOT) for word in day.told(Kind.TRADED)]


def at(pairs: str) -> list[tuple[int, int]]:
    return [(price(text), qty // LOT) for text, qty in lots(pairs)]


def test_a1_the_official_call_auction_matches_185_lots_at_106() -> None:
    day = market("stock", reference="104")
    day.phase("OPEN_CALL")
    buys = "108.5x100 108x10 107.5x20 107x10 106.5x20 106x25 105.5x10 104.5x50 103.5x30 103x10 102.5x10"
    sells = "102x20 103x10 103.5x20 104x10 104.5x50 105x40 105.5x22 106x20 106.5x25 107x10 107.5x10 108x20"
    for where, qty in lots(buys):
        day.buy(1, where, qty)
    for where, qty in lots(sells):
        day.sell(1, where, qty)
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=FIRST)
    run = Day(day)
    (result,) = run.told(Kind.AUCTIONED)
    assert (result.price, result.volume) == (price("106"), 185 * LOT)
    bids, asks = run.model.depth(1, 1, 5)
    assert [(p, q // LOT) for p, q, _ in bids] == at("105.5x10 104.5x50 103.5x30 103x10 102.5x10")
    assert [(p, q // LOT) for p, q, _ in asks] == at("106x7 106.5x25 107x10 107.5x10 108x20")


@pytest.mark.parametrize(
    ("last", "expected"),
    [(None, "50"), ("50.6", "50.2"), ("49", "49.9")],
)
def test_a3_a_tie_goes_to_the_price_nearest_to_the_last_trade_else_to_the_reference(
    last: str | None, expected: str
) -> None:
    day = market("stock", reference="50")
    if last:
        with_last(day, last)
    day.phase("CLOSE_CALL")
    for where, qty in lots("50.2x30 49.9x20"):
        day.buy(1, where, qty)
    for where, qty in lots("49.85x30 50.5x10"):
        day.sell(1, where, qty)
    day.phase("CONTINUOUS", match=Match.UNCROSS)
    (result,) = Day(day).told(Kind.AUCTIONED)
    assert (result.price, result.volume) == (price(expected), 30 * LOT)


def test_c1_a_buy_sweeps_the_asks_from_the_lowest_up() -> None:
    day = market("stock", reference="104")
    continuous(day)
    for where, qty in lots("103x10 103.5x20 104x30 104.5x40 105x50"):
        day.sell(1, where, qty)
    day.buy(1, "104", 50 * LOT)
    run = Day(day)
    assert fills(run) == at("103x10 103.5x20 104x20")
    assert run.model.depth(1, 1, 1)[1] == [(price("104"), 10 * LOT, 1)]


@pytest.mark.parametrize(
    ("tif", "expected", "cancelled", "rests"),
    [(Tif.ROD, "102x1 101x2", 0, 2), (Tif.IOC, "102x1 101x2", 2, 0), (Tif.FOK, "", 5, 0)],
)
def test_o1_to_o3_a_sell_of_five_with_each_time_in_force(tif: Tif, expected: str, cancelled: int, rests: int) -> None:
    day = market("stock", reference="100")
    continuous(day)
    for where, qty in lots("102x1 101x2"):
        day.buy(1, where, qty)
    day.sell(1, "100", 5 * LOT, tif=tif)
    run = Day(day)
    assert fills(run) == at(expected)
    assert [word.qty // LOT for word in run.told(Kind.CANCELLED)] == ([cancelled] if cancelled else [])
    assert run.model.depth(1, 1, 5)[1] == ([(price("100"), rests * LOT, 1)] if rests else [])


def test_m2_a_market_sell_takes_every_bid_and_rests_ahead_of_the_limits() -> None:
    day = market("stock", reference="100")
    with_last(day, "100")
    for where, qty in lots("103x1 102x1"):
        day.sell(1, where, qty)
    for where, qty in lots("101x5 100x2 99x1"):
        day.buy(1, where, qty)
    order = day.sell(1, None, 10 * LOT)
    run = Day(day)
    assert fills(run) == at("101x5 100x2 99x1")
    first = run.model.market.books[1, 1].queue(Side.SELL)[0]
    assert (first.number, first.leaves) == (order, 2 * LOT)


def test_m4_a_resting_market_buy_goes_first_at_its_converted_price() -> None:
    day = market("stock", reference="107")
    with_last(day, "107")
    market_buy = day.buy(1, None, LOT)
    for where, qty in lots("110x5 109x5"):
        day.buy(1, where, qty)
    day.sell(1, None, 3 * LOT)
    run = Day(day)
    assert [(p, q) for p, q in fills(run)] == at("110x1 110x2")
    assert run.told(Kind.TRADED)[0].buy_no == market_buy


def test_m6_the_incoming_limit_counts_in_the_converted_price() -> None:
    day = market("cent", reference="97")
    with_last(day, "97")
    day.buy(1, None, LOT)
    for where, qty in lots("95x1 94x1 90x1"):
        day.buy(1, where, qty)
    day.sell(1, "90", 3 * LOT)
    assert fills(Day(day)) == at("97x1 95x1 94x1")


def banded(*, clock: str = "09:00:00") -> Builder:
    """A book whose opening auction traded one lot at 100 at the clock's time; the band applies."""
    day = market("cent", clock=clock, rules=BookFlag.VOLATILITY, reference="100")
    day.phase("OPEN_CALL")
    day.sell(1, "100", LOT)
    day.buy(1, "100", LOT)
    day.at(clock)
    day.wait(1)
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=FIRST)
    return day


def asks(day: Builder, pairs: str) -> None:
    for where, qty in lots(pairs):
        day.sell(1, where, qty)


def test_v1_the_reference_is_first_the_open_then_the_average_then_the_call_price() -> None:
    day = banded(clock="08:59:59")
    for clock, where, qty in (("09:01:00", "100", 1), ("09:02:00", "101", 4), ("09:03:00", "102", 5)):
        day.at(clock)
        day.sell(1, where, qty * LOT)
        day.buy(1, where, qty * LOT, time=day.now)
    day.sell(1, "105", LOT)
    day.at("09:05:01")
    day.buy(1, "105", LOT)
    run = Day(day)
    (started,) = run.told(Kind.STABILISATION_STARTED)
    assert (started.reference, started.price) == (price("101.4"), price("105"))
    day.at("09:07:01")
    day.sell(1, "104", LOT)
    day.buy(1, "104", 2 * LOT)
    day.timer(1, Special.VOLATILITY, started.due)
    run.go(day)
    (result,) = run.told(Kind.AUCTIONED)
    assert result.price == price("104")
    band_is_around_the_call_price_until_five_minutes_after_it(run, day)


def band_is_around_the_call_price_until_five_minutes_after_it(run: Day, day: Builder) -> None:
    """107.64 is the last price inside 104 x 1.035. The boundary second counts; right after it the average does."""
    (ended,) = run.told(Kind.STABILISATION_ENDED)
    day.mass_cancel(line=1)
    day.sell(1, "107.64", LOT)
    day.sell(1, "111", LOT)
    day.buy(1, "107.64", LOT, time=ended.time + 300 * 10**9)
    run.go(day)
    assert fills(run) == at("107.64x1")
    day.buy(1, "111", LOT, time=ended.time + 300 * 10**9 + 1)
    run.go(day)
    assert fills(run) == at("111x1"), "the average is 107.64 now, so 111 is inside"


def started(run: Day) -> list[int]:
    return [word.due for word in run.told(Kind.STABILISATION_STARTED)]


def test_v4_a_limit_rod_trades_inside_the_band_then_starts_the_call() -> None:
    day = banded()
    asks(day, "101x1 102x2 104x3")
    day.buy(1, "105", 10 * LOT)
    run = Day(day)
    assert fills(run) == at("101x1 102x2")
    assert len(started(run)) == 1
    assert run.model.depth(1, 1, 1)[0] == [(price("105"), 7 * LOT, 1)]


@pytest.mark.parametrize("qty", [6, 5])
def test_v6_a_fok_that_would_leave_the_band_is_cancelled_whole(qty: int) -> None:
    day = banded()
    asks(day, "101x1 102x2 104x3")
    day.buy(1, "105", qty * LOT, tif=Tif.FOK)
    run = Day(day)
    assert fills(run) == []
    assert started(run) == []
    assert [(word.qty, word.code) for word in run.told(Kind.CANCELLED)] == [(qty * LOT, Reason.BAND)]


@pytest.mark.parametrize(
    ("where", "qty", "tif", "rest"),
    [("105", 10, Tif.IOC, 7), (None, 6, Tif.ROD, 3)],
    ids=["V8", "V10"],
)
def test_v8_and_v10_ioc_and_market_orders_are_cut_at_the_band(where: str | None, qty: int, tif: Tif, rest: int) -> None:
    day = banded()
    asks(day, "101x1 102x2 104x3")
    day.buy(1, where, qty * LOT, tif=tif)
    run = Day(day)
    assert fills(run) == at("101x1 102x2")
    assert started(run) == []
    assert [(word.qty, word.code) for word in run.told(Kind.CANCELLED)] == [(rest * LOT, Reason.BAND)]


def test_v12_a_first_price_outside_the_band_leaves_the_book_unchanged() -> None:
    day = banded()
    asks(day, "96x1 97x1 98x1")
    day.sell(1, None, LOT)
    before = Day(day).model.depth(1, 1, 9)
    day.buy(1, None, 6 * LOT)
    run = Day(day)
    assert fills(run) == []
    assert [(word.qty, word.code) for word in run.told(Kind.CANCELLED)] == [(6 * LOT, Reason.BAND)]
    assert run.model.depth(1, 1, 9) == before


def test_v20_exactly_three_and_a_half_percent_is_inside() -> None:
    day = banded()
    asks(day, "103.5x2 104x1")
    day.buy(1, "104", 3 * LOT)
    run = Day(day)
    assert fills(run) == at("103.5x2")
    assert len(started(run)) == 1
    assert run.model.depth(1, 1, 1)[0] == [(price("104"), LOT, 1)]
