"""The gateway's way to the market, against a real door: it waits where the owner is slower than the members, asks for
what an earlier life sent, and says what was never received."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.client.line import Line
from evermarket.continuity.venue.fix_link import FixLink, Pace
from evermarket.records import HEADER, Records
from evermarket.records.kinds import Flag, Side
from evermarket.records.layout import ORDER
from evermarket.records.units import SECOND_NS
from tests.client.market import QUICK, held, ticket
from tests.venue.exchange import Exchange
from tests.venue.sessions.test_door import new

RATE = 20


@pytest.fixture(scope="module", autouse=True)
def _compiled(kernels: None) -> None:
    """See `kernels` in tests/conftest.py."""


class Gateway:
    """What was submitted and is not answered, and what was never received."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.sent = np.zeros(0, ORDER)
        self.lost: list[tuple[int, int]] = []
        self.throttled = 0

    def under_way(self) -> Records:
        """The link looks when something was throttled."""
        self.throttled += 1
        flagged = self.sent[~np.isin(self.sent["cl_ord_id"], self.accepted)]
        flagged["flags"] |= np.uint8(Flag.POSS_RESEND)
        return flagged.view(HEADER)

    def never_received(self, line: int, cl_ord_id: int) -> None:
        self.lost.append((line, cl_ord_id))

    @property
    def accepted(self) -> list[int]:
        """Ids in the exchange's flow of line 1, in its order."""
        return [int.from_bytes(record[24:32], "little") for _, record in self.exchange.flows.of[1]]


def orders(*ids: int) -> Records:
    return np.concatenate([new(number, 1, Side.BUY).view("V64") for number in ids]).view(HEADER)


def linked(
    scenario: Callable[[Exchange, Gateway, FixLink], Awaitable[None]],
    rate: int = 0,
    clock: Callable[[], int] = time.monotonic_ns,
    earlier: Records | None = None,
) -> None:
    """`earlier`: what line 1 sent before the link began."""

    async def run(exchange: Exchange, port: int) -> None:
        if earlier is not None:
            await send_and_leave(exchange, port, earlier)
        link = FixLink([ticket(1, port)], clock)
        gateway = link.gateway = Gateway(exchange)
        running = asyncio.create_task(link.run())
        await scenario(exchange, gateway, link)
        running.cancel()
        await link.close()

    held(run, QUICK, rate)


async def send_and_leave(exchange: Exchange, port: int, commands: Records) -> None:
    line = Line(ticket(1, port), lambda records: None)
    await line.open()
    line.send(commands)
    await until(lambda: exchange.core.live == len(commands))
    await line.close()


def give(gateway: Gateway, link: FixLink, commands: Records) -> None:
    gateway.sent = np.concatenate([gateway.sent.view("V64"), commands.view("V64")]).view(ORDER)
    link.submit(commands)


async def until(is_so: Callable[[], object]) -> None:
    while not is_so():
        await asyncio.sleep(0.001)


def test_a_burst_leaves_at_the_pace_of_the_owner() -> None:
    async def run(exchange: Exchange, gateway: Gateway, link: FixLink) -> None:
        ids = list(range(1, 2 * RATE + 1))
        give(gateway, link, orders(*ids))
        await until(lambda: gateway.accepted == ids)
        assert (gateway.lost, gateway.throttled) == ([], 0)

    linked(run, RATE)


def test_what_finds_no_room_is_sent_again_in_its_order() -> None:
    async def run(exchange: Exchange, gateway: Gateway, link: FixLink) -> None:
        ids = list(range(1, 2 * RATE + 1))
        give(gateway, link, orders(*ids))
        await until(lambda: gateway.accepted == ids)
        assert gateway.throttled > 0
        assert gateway.lost == []

    linked(run, RATE, lambda: 1_000 * time.monotonic_ns())  # a clock by which there is always room again


def test_what_an_earlier_life_sent_is_asked_for() -> None:
    async def run(exchange: Exchange, gateway: Gateway, link: FixLink) -> None:
        give(gateway, link, orders(2, 3, 4, 5))
        await until(lambda: exchange.core.live == 4 and gateway.lost)
        assert gateway.lost == [(1, 3)]
        assert gateway.accepted == [1, 2, 4, 5]

    linked(run, earlier=orders(1, 2, 4))


@given(st.integers(1, 1_000), st.lists(st.tuples(st.integers(0, 3 * SECOND_NS), st.integers(0, 2_000)), max_size=30))
def test_a_pace_never_lets_out_more_than_a_bucket_of_the_owners_size_holds(
    rate: int, asked: list[tuple[int, int]]
) -> None:
    pace, now, level = Pace(0), 0, rate * SECOND_NS
    for passed_ns, wanted in asked:
        now += passed_ns
        level = min(rate * SECOND_NS, level + passed_ns * rate)
        count = min(wanted, pace.room(rate, now))
        pace.left(count)
        level -= count * SECOND_NS
        assert level >= (rate - max(1, rate // 2)) * SECOND_NS, "what is left over is for messages that arrive early"
        if not pace.room(rate, now):
            wait_ns = pace.wait_ns(rate)
            now, level = now + wait_ns, min(rate * SECOND_NS, level + wait_ns * rate)
            assert pace.room(rate, now) == 1
