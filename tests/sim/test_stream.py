"""The command stream: a function of its configuration, valid in format, in step with the phases and the limits."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from evermarket.records import LAYOUT, NO_PRICE, Kind, Records, of_kind
from evermarket.records.kinds import OrdType, Segment, Tif
from evermarket.records.units import SECOND_NS
from evermarket.rulebook.ticks import is_on_tick
from evermarket.sim.board_rules import family_table, rule_row
from evermarket.sim.config import preset
from evermarket.sim.day import SimulatedDay
from evermarket.sim.state import Stream
from tests.sim.conftest import Played, small, whole

TINY = "seed=3, orders=400, instruments=40, members=5, batch=150"
FIRST_BATCH = f"""
import hashlib
from evermarket.sim.config import preset
from evermarket.sim.day import SimulatedDay
print(hashlib.sha256(next(SimulatedDay(preset("stress", {TINY})).batches()).tobytes()).hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes(played: Played) -> None:
    assert whole(SimulatedDay(small())).tobytes() == played.commands.tobytes()
    assert SimulatedDay(small()).reference().tobytes() == played.reference.tobytes()


def test_another_seed_gives_other_bytes(played: Played) -> None:
    other = SimulatedDay(small(seed=8))
    assert other.reference().tobytes() != played.reference.tobytes()
    assert whole(other).tobytes() != played.commands.tobytes()


def test_the_size_of_a_batch_does_not_change_the_stream(played: Played) -> None:
    assert whole(SimulatedDay(small(batch=1_000))).tobytes() == played.commands.tobytes()


def test_a_stream_is_the_same_on_every_machine(played: Played) -> None:
    """Change this value only with a change of the simulation that is meant to change the stream."""
    digest = hashlib.sha256(played.reference.tobytes() + played.commands.tobytes()).hexdigest()[:16]
    assert digest == "aec0af8ba7ed6dba"


def test_plain_python_gives_what_compiled_kernels_give() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    plain = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", FIRST_BATCH],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    day = SimulatedDay(preset("stress", seed=3, orders=400, instruments=40, members=5, batch=150))
    assert plain.stdout.strip() == hashlib.sha256(next(day.batches()).tobytes()).hexdigest()


def test_observed_prices_move_the_stream_and_are_deterministic() -> None:
    def run(*, feed: bool) -> bytes:
        day = SimulatedDay(small(orders=2_000, instruments=40, batch=400))
        prices = np.full(len(day.instruments) + 1, NO_PRICE, np.int64)
        for one in day.instruments:
            prices[one.instrument] = one.limit_up or one.reference
        parts = []
        for batch in day.batches():
            parts.append(batch.tobytes())
            if feed:
                assert day.observe(prices) > 0
        return b"".join(parts)

    assert run(feed=True) == run(feed=True) != run(feed=False)


def test_observe_refuses_an_array_that_does_not_cover_the_board(played: Played) -> None:
    with pytest.raises(ValueError, match="int64 prices"):
        played.day.observe(np.zeros(5, np.int64))


def test_every_byte_that_no_field_names_is_zero(played: Played) -> None:
    for records in (played.reference, played.commands):
        raw = records.view("V64").view(np.uint8).reshape(-1, 64)
        assert not raw[:, :8].any(), "positions are the core's"
        for kind in np.unique(records["kind"]):
            named = np.zeros(64, np.bool_)
            fields = LAYOUT[Kind(int(kind))].fields
            assert fields is not None
            for dtype, offset, *_ in fields.values():
                named[offset : offset + dtype.itemsize] = True
            assert not raw[records["kind"] == kind][:, ~named].any(), Kind(int(kind)).name


def test_times_never_go_back_and_batches_do_not_overlap() -> None:
    day = SimulatedDay(small(batch=2_000))
    last = int(day.reference()["time"][-1])
    for batch in day.batches():
        assert batch["time"][0] >= last
        assert (np.diff(batch["time"]) >= 0).all()
        assert batch["time"][-1] <= day.clock
        last = int(batch["time"][-1])


def test_order_numbers_are_dense_in_stream_order(played: Played) -> None:
    following = 1
    for kind, number in zip(played.commands["kind"].tolist(), played.commands["order_no"].tolist(), strict=True):
        if kind in (Kind.NEW, Kind.QUOTE):
            assert number == following
            following += 1 if kind == Kind.NEW else 2
    assert (of_kind(played.commands, Kind.NEW)["order_no"] > 0).all()


def test_the_number_of_new_orders_is_exact(played: Played) -> None:
    assert (played.commands["kind"] == Kind.NEW).sum() == played.day.config.orders


def test_ids_grow_on_each_line_but_for_the_duplicates(played: Played) -> None:
    last: dict[int, int] = {}
    repeated = 0
    for record in played.commands[played.commands["kind"] <= Kind.QUOTE_REQUEST]:
        line, number = int(record["line"]), int(record["cl_ord_id"])
        if number <= last.get(line, 0):
            repeated += 1
        last[line] = max(number, last.get(line, 0))
    assert repeated == played.day.defects()["DUPLICATE"] > 0


def test_defects_are_as_frequent_as_configured(played: Played) -> None:
    found = sum(played.day.defects().values())
    expected = played.day.config.orders * played.day.config.bad_per_million // 1_000_000
    assert expected // 2 <= found <= expected * 2


def of_segment(records: Records, segment: Segment) -> Records:
    chosen: Records = records[records["attributes"] & 15 == segment]
    return chosen


def test_nothing_is_sent_while_a_segment_is_shut(played: Played) -> None:
    hours = played.day.hours
    slots = (played.commands["time"] - hours.start_ns) // SECOND_NS
    members = played.commands["kind"] <= Kind.QUOTE_REQUEST
    for stream in Stream:
        if stream in (Stream.QUOTE, Stream.REQUEST):
            continue
        chosen = members & (played.commands["attributes"] & 15 == stream + 1)
        assert chosen.any(), stream.name
        windows = hours.paired if stream == Stream.BLOCK_PAIRED else hours.windows(stream)
        inside = np.zeros(len(slots), np.bool_)
        for first, last in windows:
            inside |= (slots >= first) & (slots < last)
        assert not (chosen & ~inside).any(), stream.name


def test_market_ioc_and_fok_orders_come_in_continuous_trading_of_books_that_take_them(played: Played) -> None:
    hours = played.day.hours
    orders = of_kind(played.commands, Kind.NEW)
    special = orders[(orders["ord_type"] == OrdType.MARKET) | (orders["tif"] != Tif.ROD)]
    slots = (special["time"] - hours.start_ns) // SECOND_NS
    assert len(special) > 100
    assert ((slots >= hours.open) & (slots < hours.closing)).all()
    assert (special["attributes"] & 15 == Segment.REGULAR).all()
    kinds = {one.instrument: one for one in played.day.instruments}
    for record in special:
        if (one := kinds.get(int(record["instrument"]))) is not None:
            assert one.kind not in ("disposition", "altered", "bond")
            assert record["ord_type"] != OrdType.MARKET or not one.is_free


def test_prices_lie_on_the_tick_and_inside_the_limits_but_for_the_defects(played: Played) -> None:
    board = {one.instrument: one for one in played.day.instruments}
    off_tick = outside = 0
    for record in of_kind(played.commands, Kind.NEW):
        one, price = board.get(int(record["instrument"])), int(record["price"])
        if one is None or price == NO_PRICE:
            continue
        day = played.day.config.day
        off_tick += not is_on_tick(family_table(rule_row(one.product, day).ticks, day), price)
        outside += not one.is_free and not (one.limit_down or 0) <= price <= (one.limit_up or 0)
    defects = played.day.defects()
    assert off_tick == defects["TICK"] > 0
    assert defects["ABOVE_LIMIT"] <= outside <= defects["ABOVE_LIMIT"] + defects["TICK"]


def test_paired_blocks_come_in_pairs(played: Played) -> None:
    orders = of_segment(of_kind(played.commands, Kind.NEW), Segment.BLOCK_PAIRED)
    pairs, counts = np.unique(orders["extra"], return_counts=True)
    assert len(pairs) > 0
    assert (counts == 2).all()
    for pair in pairs:
        one, other = orders[orders["extra"] == pair]
        assert one["side"] + other["side"] == 3
        assert (one["price"], one["qty"], one["instrument"]) == (other["price"], other["qty"], other["instrument"])
