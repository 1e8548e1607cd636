"""Clients trade with each other through real sockets and the real core."""

import asyncio
from decimal import Decimal

import pytest

from evermarket.client import (
    BlockingClient,
    Client,
    DayTicket,
    Order,
    OrdStatus,
    Refused,
    Report,
    Retryable,
    UnknownContract,
)
from evermarket.records.kinds import Kind, Side
from tests.client.market import CONTRACTS, PLAIN, held, member, served, ticket
from tests.venue.exchange import LINES, Exchange
from tests.venue.wire import HOST

BUY = Order("100", lots=2, side="Buy")


def test_an_order_lives_through_all_it_may_live_through() -> None:
    async def lived(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as buyer, await member(3, port) as seller:
            tsmc = buyer.contract("2330.TWSE")
            trade = await buyer.place_order(tsmc, Order("100", lots=5, side="B", account=77))
            assert (trade.status, trade.order_no, trade.leaves_qty, trade.price) == ("0", 1, 5_000, 100)
            trade = await buyer.reduce(trade, lots=1)
            assert (trade.leaves_qty, trade.status) == (4_000, OrdStatus.NEW)
            trade = await buyer.reprice(trade, "99.5")
            assert trade.price == Decimal("99.5")
            sold = await seller.place_order(tsmc, Order("99.5", qty=1_000, side=Side.SELL, tif="IOC"))
            assert sold.order_no == 2
            trade = await buyer.cancel_order(trade)
            assert (trade.status, trade.cum_qty, trade.leaves_qty) == (OrdStatus.CANCELED, 1_000, 0)
            (fill,) = buyer.fills()
            assert (fill.price, fill.qty, fill.side, fill.order_no) == (Decimal("99.5"), 1_000, Side.BUY, 1)
            assert seller.fills()[0].side is Side.SELL
            assert seller.orders()[0].status is OrdStatus.FILLED
            with pytest.raises(Refused) as no:
                await buyer.cancel_order(trade)
            assert (no.value.code, no.value.field, no.value.value) == ("ORDER_NOT_LIVE", "order_no", 1)

    held(lived)


@pytest.mark.parametrize(
    ("order", "code", "field", "sentence"),
    [
        (Order("100.3", lots=1, side="Buy"), "PRICE_TICK", "price", "price 100.3 is not a multiple of the tick 0.5"),
        (Order("200", lots=1, side="Buy"), "ABOVE_LIMIT", "price", "price 200 is above the limit-up 110"),
        (Order("100", qty=10, side="Buy"), "QTY_LOT", "qty", "qty 10 is not a multiple of the lot 1000"),
        (Order(side="Buy", lots=1), "PRICE_ABSENT", "price", "a limit order needs a price"),
    ],
)
def test_a_refusal_says_what_and_why(order: Order, code: str, field: str, sentence: str) -> None:
    async def refused(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as client:
            with pytest.raises(Refused) as no:
                await client.place_order(client.contract("2330"), order)
            assert (no.value.code, no.value.field, no.value.sentence) == (code, field, sentence)
            assert no.value.rule
            (trade,) = client.orders()
            assert (trade.status, trade.error) == (OrdStatus.REJECTED, no.value)

    held(refused)


def test_what_can_be_seen_to_be_wrong_is_not_sent() -> None:
    with pytest.raises(TypeError, match="not exact"):
        Order(40.6, lots=1, side="Buy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="either qty or lots"):
        Order("40", side="Buy")
    with pytest.raises(ValueError, match="side 'up' is none of BUY, SELL"):
        Order("40", lots=1, side="up")
    with pytest.raises(UnknownContract, match="nearest are 2330"):
        CONTRACTS["233O"]


def test_a_market_order_and_the_callbacks_four_parts() -> None:
    async def reported(exchange: Exchange, port: int) -> None:
        heard: list[tuple[str, Report]] = []
        async with await member(1, port) as buyer, await member(3, port) as seller:
            buyer.set_order_callback(lambda kind, report: heard.append((kind, report)))
            await seller.place_order(seller.contract(1), Order(100, lots=1, side="Sell"))
            await buyer.place_order(buyer.contract(1), Order(order_type="MKT", tif="IOC", lots=1, side="Buy"))
            with pytest.raises(Refused):
                await buyer.place_order(buyer.contract(1), Order(1, lots=1, side="Buy"))
        assert [kind for kind, _ in heard] == ["ACCEPTED", "TRADED", "NEW"]
        traded, refused = heard[1][1], heard[2][1]
        assert traded.order is not None
        assert (traded.operation.op_code, traded.status, str(traded.contract)) == ("00", OrdStatus.FILLED, "2330.TWSE")
        assert (refused.operation.op_code, refused.status) == ("BELOW_LIMIT", OrdStatus.REJECTED)

    held(reported)


def test_quotes_and_mass_cancel() -> None:
    async def quoted(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as client:
            for price in ("99", "99.5", "100"):
                client.place_order_nowait(client.contract(1), Order(price, lots=1, side="Buy"))
            await client.place_order(client.contract(2), BUY)
            assert await client.mass_cancel(client.contract(1), side="Buy") == 3
            assert [trade.status.is_live for trade in client.orders()] == [False, False, False, True]

    held(quoted)


def test_an_order_can_be_cancelled_before_its_number_is_known() -> None:
    async def cancelled(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as client:
            good = client.place_order_nowait(client.contract(1), BUY)
            bad = client.place_order_nowait(client.contract(1), Order("100.3", lots=1, side="Buy"))
            assert (good.order_no, good.status) == (0, OrdStatus.PENDING_NEW)
            assert (await client.cancel_order(good)).status is OrdStatus.CANCELED
            with pytest.raises(Refused, match="PRICE_TICK"):
                await client.cancel_order(bad)

    held(cancelled)


def test_what_may_wait_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def waited(exchange: Exchange, port: int) -> None:
        client = await member(1, port)
        exchange.door.supersede(4)
        while client.line.is_open:
            await asyncio.sleep(0)
        monkeypatch.setattr("evermarket.client.line.WINDOW_MAX", 2)
        for _ in range(2):
            client.place_order_nowait(client.contract(1), BUY)
        with pytest.raises(Retryable, match="TOO_MUCH_WAITS"):
            client.place_order_nowait(client.contract(1), BUY)
        assert len(client.orders()) == 2
        await client.close()

    held(waited)


def test_events_come_by_iterator_until_the_client_is_closed() -> None:
    async def followed(exchange: Exchange, port: int) -> None:
        client = await member(1, port)
        seen: list[str] = []

        async def follow() -> None:
            async for report in client.events():
                seen.append(report.operation.op_type)

        following = asyncio.create_task(follow())
        await asyncio.sleep(0)
        trade = await client.place_order(client.contract(1), BUY)
        await client.cancel_order(trade)
        await client.close()
        await following
        assert seen == ["ACCEPTED", "CANCELLED"]

    held(followed)


def test_a_second_life_of_a_client_knows_what_the_first_one_did() -> None:
    async def again(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as first:
            trade = await first.place_order(first.contract(1), BUY)
            await first.place_order(first.contract(1), BUY)
            before, hashed = first.orders(), first.flow_sha256
        async with await member(1, port) as second:
            known = [(t.order_no, t.qty, t.lots, t.price, t.status, t.position) for t in second.orders()]
            assert known == [(t.order_no, t.qty, t.lots, t.price, t.status, t.position) for t in before]
            assert second.flow_sha256 == hashed
            cancelled = await second.cancel_order(trade)
            assert (cancelled.status, cancelled.cl_ord_id) == (OrdStatus.CANCELED, trade.cl_ord_id)
            placed = await second.place_order(second.contract(1), BUY)
            assert placed.cl_ord_id == 4
        async with await member(1, port, resume="quick") as third:
            assert third.orders() == []

    held(again)


def test_the_public_flow_beside_the_own() -> None:
    async def public(exchange: Exchange, port: int) -> None:
        heard: list[Report] = []
        client = Client(CONTRACTS, is_public_wanted=True)
        client.set_order_callback(lambda kind, report: heard.append(report))
        async with client:
            await client.connect(ticket(1, port))
            await client.place_order(client.contract(1), Order("100", lots=1, side="Buy", is_deleted_at_switch=True))
        assert [(report.kind, report.is_public) for report in heard] == [
            (Kind.PHASE_CHANGED, True),
            (Kind.ACCEPTED, False),
        ]
        assert heard[1].order is not None
        assert heard[1].order.is_deleted_at_switch

    held(public)


def test_who_sends_too_fast_is_told_when_to_try_again() -> None:
    async def fast(exchange: Exchange, port: int) -> None:
        async with await member(1, port) as client:
            sent = [client.place_order(client.contract(1), BUY) for _ in range(4)]
            found = await asyncio.gather(*sent, return_exceptions=True)
            late = [one for one in found if isinstance(one, Retryable)]
            assert [one.code for one in late] == ["THROTTLED", "THROTTLED"]
            assert all(0 < one.retry_ns <= 500_000_000 for one in late)
            assert client.line.rate == 2

    held(fast, rate=2)


@pytest.mark.parametrize(
    ("changes", "code", "kind"),
    [({"ticket": bytes(32)}, "BAD_TICKET", Refused), ({"line": 7}, "BAD_TICKET", Refused)],
)
def test_a_log_on_that_is_refused_for_good(changes: dict[str, object], code: str, kind: type[Exception]) -> None:
    async def refused(exchange: Exchange, port: int) -> None:
        good = ticket(1, port)
        facts = {"line": 1, "trading_day": good.trading_day, "ticket": good.ticket, "doors": good.doors} | changes
        with pytest.raises(kind) as no:
            await Client().connect(DayTicket(**facts))  # type: ignore[arg-type]
        assert getattr(no.value, "code", "") == code

    held(refused)


def test_a_line_that_is_taken_is_waited_for_and_a_door_that_is_shut_times_out() -> None:
    async def waited(exchange: Exchange, port: int) -> None:
        first = await member(1, port)
        other = Client()
        with pytest.raises(Retryable) as taken:
            await other.connect(ticket(1, port), timeout_s=0.2)
        assert taken.value.code == "LINE_TAKEN"
        late = asyncio.create_task(Client().connect(ticket(1, port)))
        await first.close()
        await late
        with pytest.raises(TimeoutError, match=f"no core answered at {HOST}:1$"):
            await Client().connect(ticket(3, 1), timeout_s=0.1)
        with pytest.raises(Refused, match="NOT_CONNECTED"):
            other.place_order_nowait(CONTRACTS[1], BUY)

    held(waited)


def test_a_blocking_and_an_asyncio_client_trade_with_each_other() -> None:
    with served(PLAIN) as port, BlockingClient(CONTRACTS) as seller:
        seller.connect(ticket(3, port))
        events = seller.events()

        async def buy() -> None:
            async with await member(1, port) as buyer:
                await buyer.place_order(buyer.contract("2330"), BUY)

        asyncio.run(buy())
        sold = seller.place_order(seller.contract("2330"), Order(100, lots=1, side="Sell"))
        assert sold.cl_ord_id == 1
        assert [next(events).operation.op_type for _ in range(2)] == ["ACCEPTED", "TRADED"]
        assert seller.fills()[0].qty == 1_000
        assert seller.orders()[0].status is OrdStatus.FILLED
        with pytest.raises(Refused, match="QTY_LOT"):
            seller.place_order(seller.contract("2330"), Order(100, qty=1, side="Sell"))
        resting = seller.place_order(seller.contract(1), Order(105, lots=3, side="Sell"))
        assert seller.reduce(resting, lots=1).leaves_qty == 2_000
        assert seller.reprice(resting, "104").price == 104
        assert seller.mass_cancel() == 1
        assert len(seller.flow_sha256) == 64
        assert seller.position > 0
    assert LINES > 3
