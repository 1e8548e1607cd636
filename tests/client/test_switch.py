"""A core dies, hangs or loses the seat: the client finds the other one; nothing is lost, nothing is doubled."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np
import pytest

from evermarket.client import Client, Order, Report, Retryable
from evermarket.records import HEADER, Kind
from evermarket.records.session import FlowFlag, SessionKind
from evermarket.venue.protocol.events import Opened
from tests.client.market import PLAIN, QUICK, held, member, ticket
from tests.venue.exchange import Exchange
from tests.venue.wire import HOST

BUY = Order("100", lots=1, side="Buy")


async def standby(of: Exchange) -> tuple[Exchange, int]:
    """A core without the seat, its door open."""
    other = Exchange(replace(of.door.terms, is_owner=False), lines=0)
    return other, await other.door.open(HOST, 0)


async def switched(dead: Exchange, other: Exchange, epoch: int) -> Exchange:
    """The other core owns the market from now on, at the door that has been open since the morning."""
    alive = dead.take_over(epoch)
    alive.door = other.door
    other.door.terms = replace(other.door.terms, epoch=epoch, is_owner=True)
    other.door.behind = alive
    return alive


async def shown(exchange: Exchange, line: int, name: str) -> str:
    """Wait until the core shows a line like this; why."""
    while True:
        for session in exchange.door.sessions():
            if (session.line, session.line_state.name) == (line, name):
                return session.line_state.why
        await asyncio.sleep(0)


def cut(exchange: Exchange) -> None:
    """The process is gone: every connection breaks, nobody listens."""
    for server in exchange.door._servers:
        server.close()
    for link in list(exchange.door._links.values()):
        link.transport.abort()


def hang(exchange: Exchange) -> None:
    """The process stands still: connections stay, nothing comes out of them."""
    exchange.door.step_all = lambda event: None  # type: ignore[method-assign]
    exchange.door._sweep_all = lambda: None  # type: ignore[method-assign]
    exchange.said = lambda event: None  # type: ignore[method-assign]


def flow_of(exchange: Exchange, line: int) -> str:
    """SHA-256 of what the line's flow is, by the slow fold."""
    flow = b"".join(record for position, record in exchange.flows.of[line] if position <= exchange.released)
    return hashlib.sha256(flow).hexdigest()


def two_cores(
    scenario: Callable[[Exchange, Exchange, Client], Awaitable[None]],
) -> None:
    async def run(exchange: Exchange, port: int) -> None:
        other, other_port = await standby(exchange)
        client = await member(1, port, other_port)
        try:
            await scenario(exchange, other, client)
        finally:
            await client.close()
            await other.door.close()

    held(run, QUICK)


@pytest.mark.parametrize(
    "fault", [cut, hang, lambda exchange: exchange.door.supersede(4)], ids=["kill", "hang", "fence"]
)
def test_orders_under_way_when_the_core_goes_are_each_worked_once(fault: Callable[[Exchange], None]) -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        for _ in range(20):
            await client.place_order(client.contract(1), BUY)
        exchange.hold()
        sent = [asyncio.create_task(client.place_order(client.contract(1), BUY)) for _ in range(10)]
        while exchange.core.live < 30:
            await asyncio.sleep(0)
        alive = await switched(exchange, other, 4)
        fault(exchange)
        sent += [asyncio.create_task(client.place_order(client.contract(2), BUY)) for _ in range(5)]
        trades = await asyncio.gather(*sent)
        assert [trade.cl_ord_id for trade in trades] == list(range(21, 36))
        assert [trade.order_no for trade in trades] == list(range(21, 36))
        assert alive.core.live == 35
        assert client.flow_sha256 == flow_of(alive, 1)
        assert client.line.gate.epoch == 4
        assert len(client.orders()) == 35

    two_cores(run)


def test_a_member_that_never_stops_sending_finds_the_new_owner() -> None:
    """It tries the doors again in short steps, and what it sends meanwhile does not put that off."""

    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        await client.place_order(client.contract(1), BUY)
        cut(exchange)
        while client.line.is_open:
            await asyncio.sleep(0)
        orders = []
        while client.line.gate.number < 8:
            orders.append(asyncio.create_task(client.place_order(client.contract(1), BUY)))
            await asyncio.sleep(0.001)
        alive = await switched(exchange, other, 4)
        while not client.line.is_open:
            orders.append(asyncio.create_task(client.place_order(client.contract(1), BUY)))
            await asyncio.sleep(0.001)
        await asyncio.gather(*orders)
        assert alive.core.live == 1 + len(orders)

    two_cores(run)


def test_what_was_told_by_the_dead_core_is_not_told_again() -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        heard: list[Report] = []
        client.set_order_callback(lambda kind, report: heard.append(report))
        first = await client.place_order(client.contract(1), BUY)
        await switched(exchange, other, 4)
        cut(exchange)
        second = await client.place_order(client.contract(1), BUY)
        assert [report.position for report in heard] == [first.position, second.position]
        assert not any(report.is_repeat for report in heard)

    two_cores(run)


def test_an_outcome_that_was_lost_on_the_way_comes_again_with_the_flow() -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        exchange.readers.clear()  # it works and never tells
        exchange.said = lambda event: exchange.work(event.commands)  # type: ignore[method-assign]
        exchange.gone = lambda event: None  # type: ignore[method-assign]
        sent = asyncio.create_task(client.place_order(client.contract(1), BUY))
        while exchange.core.live < 1:
            await asyncio.sleep(0)
        alive = await switched(exchange, other, 4)
        cut(exchange)
        trade = await sent
        assert trade.order_no == 1
        assert alive.core.live == 1

    two_cores(run)


def test_an_old_owner_that_wakes_up_is_not_listened_to() -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        await switched(exchange, other, 4)
        client.line.gate.epoch = 4  # it has heard of the new owner; the old one still lets it in
        for link in list(exchange.door._links.values()):
            link.transport.abort()
        trade = await client.place_order(client.contract(1), BUY)
        assert client.line.gate.epoch == 4
        assert trade.order_no == 1
        assert exchange.core.live == 0

    two_cores(run)


def test_a_raised_hand_is_raised_again_at_the_new_owners_door() -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        await client.place_order(client.contract(1), BUY)
        assert await shown(exchange, 1, "CAUGHT_UP") == ""
        client.raise_hand("no prices")
        assert await shown(exchange, 1, "HAND_RAISED") == "no prices"
        with pytest.raises(ValueError, match="41 bytes"):
            client.raise_hand("x" * 41)
        alive = await switched(exchange, other, 4)
        exchange.door.supersede(4)
        assert await shown(alive, 1, "HAND_RAISED") == "no prices"
        client.ready()
        assert await shown(alive, 1, "READY") == ""

    two_cores(run)


def test_a_door_that_is_held_is_tried_until_it_is_opened() -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        await client.place_order(client.contract(1), BUY)
        alive = await switched(exchange, other, 4)
        alive.is_held = True
        refused, opened = 0, alive.opened

        def counted(event: Opened) -> None:
            nonlocal refused
            refused += 1
            opened(event)

        alive.opened = counted  # type: ignore[method-assign]
        cut(exchange)
        sent = asyncio.create_task(client.place_order(client.contract(1), BUY))
        while refused < 4:
            await asyncio.sleep(0)
        assert not sent.done()
        assert client.line.gate.stopped is None
        alive.is_held = False
        assert (await sent).order_no == 2
        assert client.line.gate.epoch == 4

    two_cores(run)


def test_a_command_that_was_passed_over_is_given_back_to_its_sender() -> None:
    async def run(exchange: Exchange, other: Exchange, client: Client) -> None:
        await client.place_order(client.contract(1), BUY)
        exchange.said = lambda event: None  # type: ignore[method-assign]
        lost = asyncio.create_task(client.place_order(client.contract(1), BUY))
        await asyncio.sleep(0)
        alive = await switched(exchange, other, 4)
        alive.flows.last_id[1] = 2  # as if a later id of this line were in the journal
        cut(exchange)
        with pytest.raises(Retryable) as no:
            await lost
        assert (no.value.code, no.value.cl_ord_id) == ("NEVER_RECEIVED", 2)
        assert (await client.place_order(client.contract(1), BUY)).cl_ord_id == 3

    two_cores(run)


def test_switch_after_switch_under_load_gives_the_flow_of_the_journal() -> None:
    async def run(exchange: Exchange, port: int) -> None:
        other, other_port = await standby(exchange)
        client = await member(1, port, other_port)
        owner, idle = exchange, other
        placed: list[asyncio.Task[object]] = []
        for epoch in range(4, 10):
            for _ in range(30):
                order = client.place_order(client.contract(1), BUY)
                placed.append(asyncio.create_task(order))  # type: ignore[arg-type]
            while len(client.orders()) < len(placed):
                await asyncio.sleep(0)
            if epoch % 2:
                owner.hold()
            before = owner.door
            alive = await switched(owner, idle, epoch)
            before.supersede(epoch)
            idle = Exchange(before.terms, lines=0)
            idle.door, before.behind = before, idle
            owner = alive
        await asyncio.gather(*placed)
        assert owner.core.live == len(placed) == 180
        assert client.flow_sha256 == flow_of(owner, 1)
        assert client.line.gate.epoch == 9
        await client.close()
        await other.door.close()

    held(run, QUICK)


def test_a_batch_of_records_goes_out_and_comes_back_as_arrays() -> None:
    async def run(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as client:
            one = np.zeros(500, HEADER)
            one["kind"] = Kind.CANCEL
            sent = client.send(one)
            assert sent.view("V64").shape == (500,)
            while len(client.line.gate.window):
                await asyncio.sleep(0)
            assert client.flow_sha256 == flow_of(exchange, 1)
            assert client.line.next_id == 501

    held(run, PLAIN)


def test_session_kinds_and_flags_are_those_of_the_page() -> None:
    assert (FlowFlag.PUBLIC, FlowFlag.REPEAT, SessionKind.CHALLENGE) == (64, 128, 224)
    assert ticket(1, 7).doors == (f"{HOST}:7",)
