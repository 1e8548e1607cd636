"""What a line is told: the product's fold and telling against the slow and obvious one, tests/models/slow_flow.py."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.records import HEADER, Records
from evermarket.records.session import FIRST_SESSION_KIND, LOGGED_ON, FlowFlag, Resume, Wish
from evermarket.venue.protocol.events import Opened
from evermarket.venue.protocol.flow import FLOW_ROWS, Flow
from tests.models.slow_flow import SlowFlow
from tests.venue.protocol.market import Market
from tests.venue.protocol.streams import LINES, Step, batches, steps


def folded(parts: list[Records], rows: int = FLOW_ROWS) -> Flow:
    flow = Flow(rows)
    for part in parts:
        flow.fold(part, int(part["position"][-1]))
    return flow


def slow(parts: list[Records]) -> SlowFlow:
    model = SlowFlow()
    for part in parts:
        model.fold(part)
    return model


def facts(flow: Flow) -> dict[str, object]:
    """All that a flow knows."""
    numbers = range(1, flow.order_no + 1)
    return {
        "own": {line: flow.own(line).tolist() for line in (0, *LINES)},
        "public": flow.public.tolist(),
        "last ids": {line: flow.last_id(line) for line in LINES},
        "ids": {line: [flow.first_from(line, n) for n in range(1, 80)] for line in LINES},
        "orders": {number: int(flow.order_line[number]) for number in numbers},
        "order_no": flow.order_no,
    }


def expected(parts: list[Records]) -> dict[str, object]:
    model = slow(parts)
    ids = {line: sorted(model.ids[line].items()) for line in LINES}
    order_no = sum(int((part["kind"] == 1).sum() + 2 * (part["kind"] == 5).sum()) for part in parts)
    return {
        "own": {line: list(model.own[line]) for line in (0, *LINES)},
        "public": sorted(model.public),
        "last ids": {line: max(model.ids[line], default=0) for line in LINES},
        "ids": {
            line: [next((row for row in ids[line] if row[0] >= n), (0, 0)) for n in range(1, 80)] for line in LINES
        },
        "orders": {number: model.line_of_order.get(number, 0) for number in range(1, order_no + 1)},
        "order_no": order_no,
    }


@settings(max_examples=40)
@given(steps(), st.integers(1, 6))
def test_the_fold_knows_what_the_slow_one_knows(all_steps: list[Step], size: int) -> None:
    parts = batches(all_steps, size)
    assert facts(folded(parts)) == expected(parts)


@settings(max_examples=40)
@given(steps(), st.integers(1, 6), st.data())
def test_a_cut_leaves_what_was_there_before_and_the_fold_goes_on(
    all_steps: list[Step], size: int, data: st.DataObject
) -> None:
    parts = batches(all_steps, size)
    kept = data.draw(st.integers(0, len(parts)))
    flow = folded(parts)
    flow.cut(int(parts[kept - 1]["position"][-1]) if kept else 0)
    assert facts(flow) == expected(parts[:kept])
    assert not flow.order_line[flow.order_no + 1 :].any()
    for part in parts[kept:]:
        flow.fold(part, int(part["position"][-1]))
    assert facts(flow) == expected(parts)


@pytest.mark.parametrize("rows", [1, FLOW_ROWS, 1 << 26])
def test_lists_grow_far_beyond_their_first_room(rows: int) -> None:
    parts = batches([(1, 1 + n % 3, 1, [(64, 1 + n % 3, 1, True)]) for n in range(12_000)], 1_000)  # type: ignore[misc]
    flow, model = folded(parts, rows), slow(parts)
    assert {line: flow.own(line).tolist() for line in LINES} == {line: list(model.own[line]) for line in LINES}
    assert [flow.last_id(line) for line in LINES] == [4_000] * 3


class Listener:
    """One connection of a line, and what it should have been told."""

    def __init__(self, name: str, line: int, resume: Resume, after: int, *, public: bool, released: int) -> None:
        self.name, self.line, self.public, self.released = name, line, public, released
        self.after = {Resume.RESTART: 0, Resume.RESUME: after, Resume.QUICK: released}[resume]

    def should(self, model: SlowFlow, upto: int) -> list[bytes]:
        told = model.told(self.line, wishes_public=self.public)
        return [
            with_repeat(raw) if position <= self.released else raw
            for position, raw in told.items()
            if self.after < position <= upto
        ]


def with_repeat(raw: bytes) -> bytes:
    return raw[:17] + bytes([raw[17] | FlowFlag.REPEAT]) + raw[18:]


def flow_of(told: list[bytes]) -> list[bytes]:
    return [raw for raw in told if raw[16] < FIRST_SESSION_KIND]


@settings(max_examples=40)
@given(steps(), st.integers(1, 5), st.integers(1, 4), st.data())
def test_every_connection_is_told_its_flow_once_in_order_and_masked(
    all_steps: list[Step], size: int, told_max: int, data: st.DataObject
) -> None:
    """Blocks, releases of one or several blocks, log-ons and log-offs, and rooms for more, in any order."""
    parts = batches(all_steps, size)
    market = Market(records_told_max=told_max, records_kept_max=4)
    ends = [0, *accumulate(len(part) for part in parts)]
    listeners: dict[int, Listener] = {}
    appended = 0

    def check() -> None:
        model = slow(parts[: market.body.released])
        for listener in listeners.values():
            told, should = flow_of(market.told[listener.name]), listener.should(model, ends[market.body.released])
            assert told == should[: len(told)]
            assert len(told) == len(should) or listener.name in market.more

    for n in range(data.draw(st.integers(1, 30))):
        what = data.draw(st.sampled_from(("append", "append", "release", "open", "gone", "drain")))
        line = data.draw(st.sampled_from(LINES))
        if what == "append" and appended < len(parts):
            market.append(parts[appended])
            appended += 1
        elif what == "release" and market.body.released < appended:
            market.release(data.draw(st.integers(market.body.released + 1, appended)))
        elif what == "open" and line not in listeners:
            resume, public = data.draw(st.sampled_from(Resume)), data.draw(st.booleans())
            after = data.draw(st.integers(0, market.door.told_position(line)))
            released = market.body.released_position
            listeners[line] = Listener(f"{line}-{n}", line, resume, after, public=public, released=released)
            market.door.opened(Opened(f"{line}-{n}", line, resume, after, Wish.PUBLIC_FLOW if public else 0))
            market.look()
            logged_on = np.frombuffer(market.told[f"{line}-{n}"][0], LOGGED_ON)
            own = [position for position in slow(parts[:appended]).own[line] if position <= released]
            assert int(logged_on["flow_position"][0]) == max(own, default=0)
            assert int(logged_on["last_id"][0]) == max(slow(parts[:appended]).ids[line], default=0)
            assert int(logged_on["position"][0]) == released
        elif what == "gone" and line in listeners:
            market.door.gone(listeners.pop(line).name)
            market.look()
        elif what == "drain":
            market.drain()
        check()
    while market.more:
        market.drain()
    check()


def test_a_release_is_one_tell_a_connection() -> None:
    parts = batches([(1, 1 + n % 3, 1, [(64, 1 + n % 3, 1, True)]) for n in range(60)], 20)  # type: ignore[misc]
    market = Market()
    for line in LINES:
        market.door.opened(Opened(str(line), line))
    market.look()
    for part in parts:
        market.append(part)
    market.look()
    market.body.released = 3
    market.door.release(list(market.journal.all))  # type: ignore[arg-type]
    tells = market.look()
    assert [len(records) for records in tells] == [40] * 3
    assert all(records.dtype == HEADER and records.flags.c_contiguous for records in tells)
