"""The core at its ends: prices far apart, every instrument and line, many live orders, clocks that go back."""

import numpy as np
import pytest

from evermarket.core import Core, memory_per_order
from evermarket.records import Kind, Records, blank
from evermarket.records.kinds import ALLOW_CONTINUOUS, Mode, Phase, Product, Right, Segment, Side
from evermarket.records.units import INSTRUMENT_MAX, LINE_MAX, QTY_MAX
from tests.core.structure import check_structure
from tests.core.test_against_model import compare
from tests.models.builder import Builder, market
from tests.models.words import decode, split


def together(*parts: Records) -> Records:
    """Records of several kinds in one array."""
    joined: Records = np.concatenate([part.view("V64") for part in parts]).view(parts[0].dtype)
    return joined


def books(count: int, *, qty_max: int = QTY_MAX) -> Records:
    """REF_INSTRUMENT for the instruments 1 ... count."""
    rows = blank(Kind.REF_INSTRUMENT, count)
    rows["instrument"], rows["attributes"] = np.arange(1, count + 1), Segment.REGULAR
    rows["lot"], rows["qty_max"], rows["group"], rows["table"] = 1, qty_max, 1, 1
    rows["allow"], rows["product"] = ALLOW_CONTINUOUS, Product.STOCK
    return rows


def opened(count: int, lines: int = 1) -> Records:
    """A tick table of one unit, lines of members of their own, books, and continuous trading."""
    tick = blank(Kind.REF_TICK)
    tick["table"], tick["tick"] = 1, 1
    members = blank(Kind.REF_LINE, lines)
    members["line"] = members["member"] = np.arange(1, lines + 1)
    members["rights"] = Right.ORDERS
    phase = blank(Kind.PHASE)
    phase["code"], phase["group"], phase["mode"], phase["allow"] = (
        Phase.CONTINUOUS,
        1,
        Mode.CONTINUOUS,
        ALLOW_CONTINUOUS,
    )
    return together(tick, members, books(count), phase)


def orders(count: int, instruments: int, first: int = 1) -> Records:
    """Buys below and sells above the middle: none of them meet."""
    rows = blank(Kind.NEW, count)
    number = np.arange(first, first + count)
    rows["cl_ord_id"] = rows["order_no"] = number
    rows["instrument"], rows["attributes"] = number % instruments + 1, Segment.REGULAR
    rows["side"] = number // instruments % 2 + 1
    away = 1 + number * 7_919 % 400
    rows["price"] = np.where(rows["side"] == Side.BUY, 100_000 - away, 100_000 + away)
    rows["qty"], rows["line"], rows["ord_type"], rows["tif"] = 1_000, 1, 2, 1
    return rows


def far_apart() -> Builder:
    """A book without limits in which every power of ten is a price."""
    day = market("unit", reference="1")
    day.phase("CONTINUOUS")
    for power in range(1, 10):
        day.buy(1, 10**power - 1, 1_000)
        day.sell(1, 10**9 + 10**power, 1_000, line=2)
    day.buy(1, 1, 1_000)
    day.sell(1, 10**9, 5_000, line=2)
    day.buy(1, 10**9, 7_000)
    day.sell(1, 1, 12_000, line=2)
    day.buy(1, 2**30 - 2, 10_000)
    day.buy(1, 2**30 - 1, 10_000)
    return day


def test_prices_from_one_tick_to_a_thousand_million_meet_as_they_should() -> None:
    compare(far_apart().records(), "far apart")


def test_ladders_over_the_whole_range_are_sound() -> None:
    core = Core()
    core.run(far_apart().records())
    check_structure(core)


def test_every_instrument_and_every_line_can_be_defined_and_used() -> None:
    core = Core()
    out = core.run(opened(INSTRUMENT_MAX, LINE_MAX))
    assert int((out["kind"] == Kind.REJECTED).sum()) == 0
    assert decode(split(out)[-1]).count == INSTRUMENT_MAX
    day = Builder()
    day.now = 0
    day.buy(INSTRUMENT_MAX, 5, 1, line=LINE_MAX)
    day.sell(INSTRUMENT_MAX, 5, 1, line=LINE_MAX)
    kinds = [raw[16] for raw in split(core.run(day.records()))]
    assert kinds == [Kind.NEW, Kind.ACCEPTED, Kind.NEW, Kind.ACCEPTED, Kind.TRADED]


def test_two_hundred_thousand_live_orders_stand_and_are_cancelled() -> None:
    core = Core()
    core.run(opened(100))
    out = core.run(orders(200_000, 100))
    assert core.live == 200_000
    assert int((out["kind"] == Kind.ACCEPTED).sum()) == 200_000
    print(f"{memory_per_order(core):.0f} bytes for each live order")  # noqa: T201 - shown with pytest -s
    everything = blank(Kind.MASS_CANCEL)
    out = core.run(everything)
    assert (core.live, int((out["kind"] == Kind.CANCELLED).sum())) == (0, 200_000)
    check_structure(core)


def test_a_row_that_has_become_free_is_taken_again() -> None:
    core = Core()
    core.run(opened(3))
    for turn in range(5):
        core.run(orders(100, 3, first=turn * 100 + 1))
        core.run(blank(Kind.MASS_CANCEL))
    assert int(core._state.core[0]["top_order"]) == 100
    check_structure(core)


@pytest.mark.parametrize("back_at", [0, 1, 2])
def test_a_time_that_goes_back_is_an_error_and_changes_nothing(back_at: int) -> None:
    core = Core()
    day = market()
    core.run(day.take())
    before = {name: array.tobytes() for name, array in core.save().items()}
    for at in range(3):
        day.buy(1, "100", 1_000, **({"time": day.now - 3 * 10**9} if at == back_at else {}))
    with pytest.raises(ValueError, match="times must not go back"):
        core.run(day.take())
    assert {name: array.tobytes() for name, array in core.save().items()} == before


def test_the_same_time_twice_and_an_empty_batch_are_fine() -> None:
    core = Core()
    day = market()
    day.phase("CONTINUOUS")
    core.run(day.take())
    now = day.now
    day.buy(1, "100", 1_000, time=now)
    day.sell(1, "100", 1_000, time=now)
    assert [raw[16] for raw in split(core.run(day.take()))][-1] == Kind.TRADED
    position = core.position
    assert len(core.run(day.take())) == 0
    assert core.position == position


def test_a_missing_book_has_an_empty_depth() -> None:
    assert Core().depth(1) == ([], [])
    core = Core()
    core.run(market().records())
    assert core.depth(1, levels=3) == ([], [])
