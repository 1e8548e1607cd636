"""A door on real sockets, the real core behind it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np
import pytest

from evermarket.records import HEADER, LAYOUT, Kind, Records, blank
from evermarket.records.kinds import OrdType, Side, Tif
from evermarket.records.session import FlowFlag, Parting, Resume, SessionKind, Wish, session_record
from evermarket.venue.sessions.terms import WAITING_MAX, Terms
from tests.venue.exchange import REFERENCE, Exchange
from tests.venue.sessions.machine import PATIENT, log_on, orders
from tests.venue.wire import HERE, HOST, Wire


def held(scenario: Callable[[Exchange, int], Awaitable[None]], terms: Terms = PATIENT, rate: int = 0) -> Exchange:
    """Run a scenario against an open door; at the end the door closes in good order."""
    exchange = Exchange(terms, rate)

    async def run() -> None:
        port = await exchange.door.open(HOST, 0)
        await scenario(exchange, port)
        await exchange.door.close()

    asyncio.run(run())
    assert len(exchange.door) == 0
    return exchange


def new(cl_ord_id: int, line: int, side: Side, price: int = REFERENCE, qty: int = 1_000) -> Records:
    row = blank(Kind.NEW)
    row["cl_ord_id"], row["line"], row["side"], row["price"], row["qty"] = cl_ord_id, line, side, price, qty
    row["instrument"], row["attributes"], row["ord_type"], row["tif"] = 1, 1, OrdType.LIMIT, Tif.ROD
    return row


def is_goodbye(told: Records) -> bool:
    """LOG_OFF is answered with LOG_OFF, and that is all."""
    return (told["kind"].tolist(), told["code"].tolist()) == ([SessionKind.LOG_OFF], [Parting.MEMBER])


def test_two_members_trade_and_neither_sees_the_others_order() -> None:
    async def trade(exchange: Exchange, port: int) -> None:
        async with Wire(port) as buyer, Wire(port) as seller:
            welcome = await buyer.log_on(1)
            assert welcome[0]["kind"] == SessionKind.LOGGED_ON
            await seller.log_on(3)
            buyer.say(new(1, 1, Side.BUY))
            assert (await buyer.hear())["kind"] == Kind.ACCEPTED
            seller.say(new(1, 3, Side.SELL))
            bought = (await buyer.hear()).view(LAYOUT[Kind.TRADED])[0]
            sold = (await seller.hear(2))[1:].view(LAYOUT[Kind.TRADED])[0]
            assert bought["position"] == sold["position"]
            assert (bought["buy_no"], bought["sell_no"], sold["buy_no"], sold["sell_no"]) == (1, 0, 0, 2)
            assert (bought["buy_cum"], bought["sell_cum"], sold["buy_cum"], sold["sell_cum"]) == (1000, 0, 0, 1000)

    held(trade)


@pytest.mark.parametrize(
    ("line", "changes", "why"),
    [
        (1, {"secret": bytes(32)}, Parting.BAD_TICKET),
        (1, {"address": bytes(16)}, Parting.BAD_TICKET),
        (1, {"position": 10_000}, Parting.AHEAD),
        (7, {}, Parting.LINE_TAKEN),
    ],
    ids=["secret", "address", "ahead", "taken"],
)
def test_a_refused_log_on_says_why_and_ends(line: int, changes: dict[str, int], why: Parting) -> None:
    async def refused(exchange: Exchange, port: int) -> None:
        async with Wire(port) as holder, Wire(port) as other:
            await holder.log_on(7)
            answer = await other.log_on(line, **changes)  # type: ignore[arg-type]
            assert (answer[0]["kind"], answer[0]["code"]) == (SessionKind.LOG_OFF, why)
            assert len(await other.rest()) == 0
            if why is Parting.LINE_TAKEN:
                notice = await holder.hear()
                assert (notice[0]["kind"], notice[0]["code"]) == (SessionKind.NOTICE, Parting.LINE_TAKEN)
            assert bool(exchange.alarms) == (why is Parting.AHEAD)

    held(refused)


def test_a_line_is_free_again_when_its_session_has_ended() -> None:
    async def again(exchange: Exchange, port: int) -> None:
        for _ in range(3):
            async with Wire(port) as member:
                assert (await member.log_on(1))[0]["kind"] == SessionKind.LOGGED_ON
                member.say(session_record(SessionKind.LOG_OFF, code=Parting.MEMBER))
                assert is_goodbye(await member.rest())

    held(again)


def test_restart_resume_and_quick_give_all_the_rest_or_nothing_of_the_old_flow() -> None:
    async def resumed(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            member.say(*(new(n, 1, Side.BUY) for n in range(1, 6)))
            first = await member.hear(5)
            member.say(session_record(SessionKind.LOG_OFF, code=Parting.MEMBER))
            await member.rest()
        for resume, position, old in ((Resume.RESTART, 0, 5), (Resume.RESUME, int(first[2]["position"]), 2)):
            async with Wire(port) as member:
                welcome = await member.log_on(1, resume, position)
                assert welcome[0]["last_id"] == 5
                assert welcome[0]["flow_position"] == first[4]["position"]
                flow = await member.hear(old)
                assert (flow["flags"] == FlowFlag.REPEAT).all()
                assert flow["position"].tolist() == first["position"][5 - old :].tolist()
                member.say(session_record(SessionKind.LOG_OFF, code=Parting.MEMBER))
                assert is_goodbye(await member.rest())
        async with Wire(port) as member:
            await member.log_on(1, Resume.QUICK)
            member.say(new(6, 1, Side.BUY))
            fresh = (await member.hear()).view(LAYOUT[Kind.ACCEPTED])
            assert (fresh[0]["cl_ord_id"], fresh[0]["flags"]) == (6, 0)

    held(resumed)


def test_a_resend_gets_the_first_outcome_and_what_was_passed_over_never_happened() -> None:
    async def resent(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            member.say(new(1, 1, Side.BUY), new(5, 1, Side.BUY), new(1, 1, Side.BUY), new(3, 1, Side.BUY))
            answers = await member.hear(4)
            assert answers["kind"].tolist() == [64, 64, 64, SessionKind.NEVER_RECEIVED]
            assert answers["flags"].tolist() == [0, 0, FlowFlag.REPEAT, 0]
            assert answers[2]["position"] == answers[0]["position"]
            exchange.hold()
            member.say(new(6, 1, Side.BUY), new(6, 1, Side.BUY), orders(2, line=1))
            assert (await member.hear())[0]["kind"] == SessionKind.NEVER_RECEIVED
            exchange.release()
            assert (await member.hear(2))["flags"].tolist() == [0, FlowFlag.REPEAT]
            assert exchange.core.live == 3

    held(resent)


def test_the_public_flow_comes_in_one_order_with_the_own_and_says_nothing_of_others() -> None:
    async def public(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member, Wire(port) as other:
            await member.log_on(1, Resume.RESTART, wish=Wish.PUBLIC_FLOW)
            opening = await member.hear()
            assert (opening[0]["kind"], opening[0]["flags"]) == (
                Kind.PHASE_CHANGED,
                FlowFlag.PUBLIC | FlowFlag.REPEAT,
            )
            await other.log_on(3)
            asked = blank(Kind.QUOTE_REQUEST, 1)
            asked["instrument"], asked["attributes"], asked["line"], asked["cl_ord_id"] = 1, 1, 3, 9
            other.say(asked)
            answer = (await other.hear()).view(LAYOUT[Kind.QUOTE_REQUESTED])[0]
            if answer["kind"] == Kind.QUOTE_REQUESTED:
                seen = (await member.hear()).view(LAYOUT[Kind.QUOTE_REQUESTED])[0]
                assert (seen["line"], seen["cl_ord_id"], seen["account"]) == (0, 0, 0)
                assert (answer["line"], answer["cl_ord_id"]) == (3, 9)

    held(public)


def test_orders_go_when_their_member_goes_if_it_wished_so() -> None:
    async def dropped(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1, wish=Wish.CANCEL_ON_DISCONNECT)
            member.say(new(1, 1, Side.BUY))
            await member.hear()
            assert exchange.core.live == 1
            member.say(session_record(SessionKind.LOG_OFF, code=Parting.MEMBER))
            await member.rest()
            assert exchange.core.live == 0

    held(dropped)


def test_garbage_harms_only_its_own_connection() -> None:
    dice = random.Random(1)
    floods = [dice.randbytes(dice.choice((1, 64, 100, 5_000, 300_000))) for _ in range(30)]

    async def flooded(exchange: Exchange, port: int) -> None:
        async with Wire(port) as honest:
            await honest.log_on(1)
            for cl_ord_id, flood in enumerate(floods, 1):
                async with Wire(port) as hostile:
                    if cl_ord_id % 2:
                        await hostile.log_on(3)
                    hostile.say(flood)
                    hostile.writer.write_eof()
                    told = await hostile.rest()
                    reasons = {Parting.BAD_RECORD, Parting.FOREIGN_LINE}
                    ends = told[told["kind"] == SessionKind.LOG_OFF]["code"].tolist()
                    assert len(flood) < 64 or (len(ends) == 1 and set(ends) <= reasons)
                honest.say(new(cl_ord_id, 1, Side.BUY))
                assert (await honest.hear())[0]["kind"] == Kind.ACCEPTED

    held(flooded)


def test_the_reason_is_heard_although_much_was_still_on_its_way() -> None:
    async def flooded(exchange: Exchange, port: int) -> None:
        async with Wire(port) as hostile:
            await hostile.log_on(3)
            hostile.say(bytes(4 * 2**20))
            told = await hostile.rest()
            assert (told[-1]["kind"], told[-1]["code"]) == (SessionKind.LOG_OFF, Parting.BAD_RECORD)

    held(flooded)


def test_a_half_open_connection_goes_silent_and_frees_its_line() -> None:
    async def silent(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            told = await member.rest()
            assert told["kind"].tolist()[-1] == SessionKind.LOG_OFF
            assert told["code"].tolist()[-1] == Parting.SILENT
            assert SessionKind.HEARTBEAT in told["kind"].tolist()

    held(silent, replace(PATIENT, heartbeat_ms=50))


def test_who_never_logs_on_is_late() -> None:
    async def late(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            told = await member.rest()
            assert told["kind"].tolist() == [SessionKind.CHALLENGE, SessionKind.LOG_OFF]
            assert told["code"].tolist()[-1] == Parting.LATE

    held(late, replace(PATIENT, log_on_ns=50_000_000))


def waiting(exchange: Exchange, connection: str) -> int:
    """Bytes that wait for a connection."""
    link = exchange.door._links.get(connection)
    return link.transport.get_write_buffer_size() if link is not None else 0


def flow_bytes(count: int) -> Records:
    rows = blank(Kind.ACCEPTED, count)
    rows["position"] = np.arange(1_000, 1_000 + count)
    return rows.view(HEADER)


def test_a_slow_reader_is_cut_off_and_the_others_are_not() -> None:
    async def slow(exchange: Exchange, port: int) -> None:
        async with Wire(port) as idle, Wire(port) as honest:
            await idle.log_on(3)
            await honest.log_on(1)
            connection = exchange.connection_of(3)
            idle.reader._transport.pause_reading()  # type: ignore[attr-defined]
            while exchange.connection_of(3):
                exchange.door.tell(connection, flow_bytes(4_096))
                assert waiting(exchange, connection) <= WAITING_MAX
                await asyncio.sleep(0)
            honest.say(new(1, 1, Side.BUY))
            assert (await honest.hear())[0]["kind"] == Kind.ACCEPTED

    held(slow)


def test_a_long_old_flow_is_handed_over_as_the_member_reads_and_never_makes_it_slow() -> None:
    orders_of_the_day = 200_000
    assert orders_of_the_day * 64 > WAITING_MAX

    async def replayed(exchange: Exchange, port: int) -> None:
        row = new(0, 1, Side.BUY)[0].tobytes()
        exchange.flows.of[1] = [(n, row[:16] + bytes([64]) + row[17:]) for n in range(1, orders_of_the_day + 1)]
        exchange.released = orders_of_the_day
        async with Wire(port) as member:
            await member.log_on(1, Resume.RESTART)
            connection = exchange.connection_of(1)
            heard = most = 0
            while heard < orders_of_the_day:
                heard += len(await member.reader.readexactly(64 * 500)) // 64
                most = max(most, waiting(exchange, connection))
            assert most < WAITING_MAX // 2

    held(replayed)


def test_a_loop_that_stood_still_does_not_take_its_members_for_silent() -> None:
    async def stalled(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            for cl_ord_id in range(1, 4):
                member.say(new(cl_ord_id, 1, Side.BUY))
                await member.writer.drain()
                time.sleep(1.0)  # the core takes its time: longer than three heartbeats
                assert (await member.hear())[0]["kind"] == Kind.ACCEPTED

    held(stalled, replace(PATIENT, heartbeat_ms=300))


def test_a_door_that_is_full_says_so() -> None:
    async def full(exchange: Exchange, port: int) -> None:
        exchange.door.connections_max = 1
        async with Wire(port) as member:
            await member.log_on(1)
            async with Wire(port) as other:
                told = await other.rest()
                assert (told[0]["kind"], told[0]["code"]) == (SessionKind.LOG_OFF, Parting.FULL)

    held(full)


def test_a_core_that_loses_the_seat_fences_every_session_and_lets_nobody_in() -> None:
    async def fenced(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            exchange.door.supersede(9)
            told = await member.rest()
            assert told["kind"].tolist() == [SessionKind.FENCED]
        async with Wire(port) as member:
            assert (await member.rest())["kind"].tolist() == [SessionKind.FENCED]

    held(fenced)


def test_a_door_that_closes_tells_everybody() -> None:
    async def closed(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            closing = asyncio.create_task(exchange.door.close())
            told = await member.rest()
            member.writer.close()
            await closing
            assert told["code"].tolist() == [Parting.CLOSING]

    held(closed)


def test_a_throttled_member_hears_when_there_is_room() -> None:
    async def throttled(exchange: Exchange, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            member.say(*(new(n, 1, Side.BUY) for n in range(1, 6)))
            answers = await member.hear(5)
            assert sorted(answers["kind"].tolist()) == [64, 64, 64, SessionKind.THROTTLED, SessionKind.THROTTLED]

    held(throttled, rate=3)


def test_a_log_on_sent_with_commands_behind_it_is_one_conversation() -> None:
    async def pipelined(exchange: Exchange, port: int) -> None:
        exchange.door.nonce = lambda count: bytes(32)
        async with Wire(port) as member:
            member.say(log_on(1, nonce=bytes(32), address=HERE), new(1, 1, Side.BUY))
            assert (await member.hear(3))["kind"].tolist() == [SessionKind.CHALLENGE, SessionKind.LOGGED_ON, 64]

    held(pipelined)
