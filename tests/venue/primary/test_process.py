"""A primary as a whole, in this process: its members' door, its board, its end."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evermarket.journal import Journal
from evermarket.records import Kind
from evermarket.records.session import FENCED, HEARTBEAT, Parting, Readiness, Resume, SessionKind, Wish, session_record
from evermarket.venue.control import ask
from evermarket.venue.line.reader import Place, PlaceUnknown, released
from evermarket.venue.line.wire import HEAD, Op, Role, head
from evermarket.venue.primary.process import Primary
from evermarket.venue.primary.settings import CoreAddress, PrimarySettings, split_address
from evermarket.venue.protocol.events import Received
from evermarket.venue.protocol.seat import SEAT, CompareAndSet, Seat, SeatAnswer
from evermarket.venue.protocol.seat_file import SeatFile
from evermarket.venue.sessions.terms import WAITING_MAX
from tests.venue.sessions.machine import SECRET, TERMS, orders, texts
from tests.venue.wire import HOST, Wire

pytestmark = pytest.mark.usefixtures("kernels")
Scenario = Callable[[Primary, int], Awaitable[None]]


def free_ports() -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def held(folder: Path, scenario: Scenario, **settings: Any) -> Journal:
    """Run a scenario against a primary that owns the seat, then end it in good order; the journal that it leaves."""
    door, lines = free_ports()
    (folder / "secret").write_bytes(SECRET)
    SeatFile(folder / "seat").step(CompareAndSet(0, Seat(0, "P", ("P",), "local", "", "", 0)))
    own = CoreAddress("P", 1, 1, f"{HOST}:{door}", f"{HOST}:{lines}")
    facts: dict[str, Any] = {"folder": folder, "seat": folder / "seat", "secret": folder / "secret"}
    facts |= {"trading_day": TERMS.trading_day, "heartbeat_ms": 60_000, "rate": 0} | settings
    primary = Primary(PrimarySettings(name="P", cores=(own,), **facts))

    async def run() -> None:
        running = asyncio.create_task(primary.run())
        while primary.status.facts()["state"] != "MATCH":
            await asyncio.sleep(0)
        async with asyncio.timeout(120):
            await scenario(primary, door)
        primary.end(0)
        assert await running == 0

    asyncio.run(run())
    return Journal.open(folder / "journal")


def kinds(journal: Journal) -> list[int]:
    found: list[int] = journal.array()["kind"].tolist()
    return found


def test_the_board_shows_how_far_each_line_is(tmp_path: Path) -> None:
    async def shown(primary: Primary, port: int) -> None:
        async def board() -> dict[str, Any]:
            answer = await ask(tmp_path / "control", "board")
            assert answer["at_ns"] > max((line["since_ns"] for line in answer["lines"].values()), default=0)
            lines: dict[str, Any] = answer["lines"]
            return lines

        assert await board() == {}
        async with Wire(port) as first, Wire(port) as exchange:
            await first.log_on(1)
            await exchange.log_on(0)
            first.say(orders(1, line=1))
            flow = int((await first.hear())["position"][0])
            assert flow == 2
            seen = await board()
            assert set(seen) == {"0", "1"}
            since_ns = seen["1"].pop("since_ns")
            assert seen["1"] == {"state": "LOGGED_ON", "why": "", "received": 0, "flow": flow}
            first.say(session_record(SessionKind.HEARTBEAT, position=flow))
            first.say(session_record(SessionKind.READY, code=Readiness.HAND_RAISED, text=b"\xff no prices\0\1"))
            while (seen := await board())["1"]["state"] != "HAND_RAISED":
                await asyncio.sleep(0)
            expected = {"why": "\ufffd no prices", "received": flow, "flow": flow, "since_ns": since_ns}
            assert seen["1"] == {"state": "HAND_RAISED", **expected}
        while await board():
            await asyncio.sleep(0)

    held(tmp_path, shown)


def test_an_old_flow_larger_than_what_may_wait_is_told_to_the_end(tmp_path: Path) -> None:
    count = 2 * WAITING_MAX // 64

    async def replayed(primary: Primary, port: int) -> None:
        async with Wire(port) as member:
            await member.log_on(1)
            member.say(orders(*range(1, count + 1), line=1))
            assert len(await member.reader.readexactly(64 * count)) == 64 * count
        async with Wire(port) as member:
            assert (await member.log_on(1, Resume.RESTART))[0]["last_id"] == count
            told = np.frombuffer(await member.reader.readexactly(64 * count), "V64")
            assert len(told) == count
            assert told[-1].tobytes()[16] == Kind.REJECTED

    held(tmp_path, replayed)


def test_a_heartbeat_tells_the_own_flow_and_the_new_commands(tmp_path: Path) -> None:
    async def beaten(primary: Primary, port: int) -> None:
        async with Wire(port) as exchange, Wire(port) as member:
            await exchange.log_on(0)
            await member.log_on(1, wish=Wish.PUBLIC_FLOW)
            member.say(orders(1, 1, 2, line=1))
            own = await member.hear(2)
            exchange.say(texts(2))
            while (record := await member.reader.readexactly(64))[16] != SessionKind.HEARTBEAT:
                pass
            beat = np.frombuffer(record, HEARTBEAT)[0]
            assert (beat["position"], beat["received"], beat["epoch"]) == (own["position"].max(), 2, 1)

    held(tmp_path, beaten, heartbeat_ms=500)


def test_orders_go_with_a_member_that_breaks_off_and_stay_when_the_core_ends(tmp_path: Path) -> None:
    async def ended(primary: Primary, port: int) -> None:
        async with Wire(port) as member, Wire(port) as other:
            await member.log_on(1, wish=Wish.CANCEL_ON_DISCONNECT)
            await other.log_on(2, wish=Wish.CANCEL_ON_DISCONNECT)
            member.writer.transport.abort()
            while not primary.log.position:
                await asyncio.sleep(0)
            primary.end(0)
            told = await other.rest()
            assert told["code"].tolist() == [Parting.CLOSING]

    assert kinds(held(tmp_path, ended)).count(Kind.MASS_CANCEL) == 1


def test_a_core_that_loses_the_seat_says_fenced_once_to_everybody(tmp_path: Path) -> None:
    async def fenced(primary: Primary, port: int) -> None:
        async with Wire(port) as member, Wire(port) as greeted:
            await member.log_on(1, wish=Wish.CANCEL_ON_DISCONNECT)
            await greeted.hear()
            primary.step(Received(SEAT, SeatAnswer(99, Seat(9, "T", ("T",), "local", "", "", 0), False)))
            assert (await member.rest())["kind"].tolist() == [SessionKind.FENCED]
            assert (await greeted.rest())["kind"].tolist() == [SessionKind.FENCED]
        async with Wire(port) as late:
            assert (await late.rest())["kind"].tolist() == [SessionKind.FENCED]

    assert Kind.MASS_CANCEL not in kinds(held(tmp_path, fenced))


@pytest.mark.parametrize(("promised", "epoch"), [(0, 1), (1, 1), (7, 8)])
def test_a_follower_that_refuses_ends_the_epoch_only_with_a_higher_promise(
    tmp_path: Path, promised: int, epoch: int
) -> None:
    async def refused(primary: Primary, port: int) -> None:
        host, lines = split_address(primary.settings.own.lines)
        async with Wire(port) as member, Wire(lines, host) as follower:
            await member.log_on(1)
            follower.say(head(Op.FOLLOW, 32, c=Role.FOLLOWER) + bytes(32))
            assert HEAD.unpack(await follower.reader.readexactly(HEAD.size))[0] == Op.HEADER
            follower.say(head(Op.REFUSED, 3, a=999, b=promised) + b"why")
            await follower.reader.read()
            if epoch == 1:
                member.say(orders(1, line=1))
                assert (await member.hear())["kind"][0] < SessionKind.CHALLENGE
            else:
                fenced = (await member.rest()).view(FENCED)
                assert (fenced["kind"].tolist(), fenced["epoch"].tolist()) == ([SessionKind.FENCED], [promised])
        while primary.epoch == 0:
            await asyncio.sleep(0)
        assert primary.epoch == epoch

    held(tmp_path, refused, follower="T")


def test_who_follows_a_core_without_a_follower_is_sent_away(tmp_path: Path) -> None:
    async def refused(primary: Primary, port: int) -> None:
        host, lines = split_address(primary.settings.own.lines)
        async with Wire(lines, host) as follower:
            follower.say(head(Op.FOLLOW, 32, c=Role.FOLLOWER) + bytes(32))
            said = await follower.reader.read()
        assert said == head(Op.REFUSED, 25) + b"this core has no follower"

    held(tmp_path, refused)


def test_a_reader_of_what_this_owner_never_had_begins_anew_and_one_of_a_later_epoch_looks_elsewhere(
    tmp_path: Path,
) -> None:
    async def asked(primary: Primary, port: int) -> None:
        address = host, lines = split_address(primary.settings.own.lines)
        with pytest.raises(PlaceUnknown, match="position 99 with this chain is not in the journal"):
            await anext(aiter(released([address], Place(99, primary.epoch, bytes(range(32))))))
        async with Wire(lines, host) as reader:
            reader.say(head(Op.FOLLOW, 32, 99, 7, Role.READER) + bytes(range(32)))
            assert await reader.reader.read() == head(Op.REFUSED, 28, b=7, c=1) + b"epoch 1 is over, 7 has begun"

    held(tmp_path, asked)
