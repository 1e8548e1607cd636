"""Unmodified engines as clients over TCP: log on, trade, lose the gateway, resume without a gap or a repeat."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import simplefix
from asyncfix import FIXMessage, FMsg
from asyncfix.connection import ConnectionState
from asyncfix.connection_client import AsyncFIXClient
from asyncfix.journaler import Journaler
from asyncfix.protocol import FIXProtocol44

from tests.venue.fix.floor import order, request
from tests.venue.fix.live import PATIENCE_S, STORY, Live, Told, beta_sells

NOW = "20260105-01:00:00.000"


class SimpleClient:
    """simplefix writes and reads the messages; the numbers are ours."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.next = self.expected = 1

    async def connect(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        self.parser = simplefix.FixParser()
        self.say("A", [(98, "0"), (108, "30"), (553, "ALFA"), (554, "secret")])
        await self.until("A")

    def say(self, kind: str, fields: list[tuple[int, str]]) -> None:
        message = simplefix.FixMessage()
        message.append_pair(8, "FIX.4.4", header=True)
        message.append_pair(35, kind, header=True)
        message.append_pair(34, self.next, header=True)
        message.append_pair(49, "ALFA", header=True)
        message.append_utc_timestamp(52, header=True)
        message.append_pair(56, "EVER", header=True)
        for tag, value in fields:
            message.append_pair(tag, value)
        self.next += 1
        self.writer.write(message.encode())

    async def until(self, kind: str, exec_type: str | None = None) -> Any:
        """Read until such a message; numbers without a gap, or the missing ones are asked for."""
        while True:
            message = self.parser.get_message()
            if message is None:
                async with asyncio.timeout(PATIENCE_S):
                    data = await self.reader.read(4_096)
                assert data, "the connection ended"
                self.parser.append_buffer(data)
                continue
            self._take(message)
            if message.get(35).decode() == kind and exec_type in (None, text(message, 150)):
                return message

    def _take(self, message: Any) -> None:
        number = int(message.get(34))
        if number > self.expected:
            self.say("2", [(7, str(self.expected)), (16, "0")])
        elif number == self.expected:
            self.expected = int(message.get(36)) if message.get(35) == b"4" else number + 1
            if message.get(35) == b"8":
                self.told.append((text(message, 150), text(message, 11), text(message, 14)))


def text(message: Any, tag: int) -> str:
    value: bytes = message.get(tag) or b""
    return value.decode()


async def play_simplefix(live: Live) -> list[Told]:
    await live.open()
    client = SimpleClient()
    await client.connect(live.port)
    client.say("D", order(1, qty=3_000))
    await client.until("8", "0")
    live.market(beta_sells)
    await client.until("8", "F")
    live.crash()
    async with asyncio.timeout(PATIENCE_S):
        assert await client.reader.read() == b""
    live.market(beta_sells)
    await live.open()
    await client.connect(live.port)
    await client.until("8", "F")
    client.say("F", request(2, 1))
    await client.until("8", "4")
    client.say("5", [])
    await client.until("5")
    await live.close()
    return client.told


def test_simplefix_trades_and_resumes(tmp_path: Path) -> None:
    assert asyncio.run(play_simplefix(Live(tmp_path))) == STORY


class AsyncClient(AsyncFIXClient):  # type: ignore[misc]
    """asyncfix keeps the numbers and fills gaps; we only listen."""

    def __init__(self, port: int, journaler: Journaler) -> None:
        super().__init__(FIXProtocol44(), "ALFA", "EVER", journaler, "127.0.0.1", port, 30)
        self.told: asyncio.Queue[Told] = asyncio.Queue()
        self.states: asyncio.Queue[ConnectionState] = asyncio.Queue()

    async def on_connect(self) -> None:
        fields = {98: "0", 108: "30", 553: "ALFA", 554: "secret"}
        await self.send_msg(FIXMessage(FMsg.LOGON, fields))

    async def on_message(self, msg: FIXMessage) -> None:
        self.told.put_nowait((msg[150], msg[11], msg[14]))

    async def on_state_change(self, connection_state: ConnectionState) -> None:
        self.states.put_nowait(connection_state)

    async def reach(self, state: ConnectionState) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.states.get() != state:
                pass

    async def next(self) -> Told:
        async with asyncio.timeout(PATIENCE_S):
            return await self.told.get()


async def play_asyncfix(live: Live) -> list[Told]:
    await live.open()
    journaler = Journaler()
    client = AsyncClient(live.port, journaler)
    await client.connect()
    await client.reach(ConnectionState.ACTIVE)
    await client.send_msg(FIXMessage(FMsg.NEWORDERSINGLE, dict(order(1, qty=3_000))))
    told = [await client.next()]
    live.market(beta_sells)
    told.append(await client.next())
    live.crash()
    await client.reach(ConnectionState.DISCONNECTED_BROKEN_CONN)
    live.market(beta_sells)
    await live.open()
    await client.connect()
    told.append(await client.next())
    await client.reach(ConnectionState.ACTIVE)
    await client.send_msg(FIXMessage(FMsg.ORDERCANCELREQUEST, dict(request(2, 1))))
    told.append(await client.next())
    assert client.told.empty()
    await client.disconnect(ConnectionState.DISCONNECTED_WCONN_TODAY, logout_message="")
    await live.close()
    return told


def test_asyncfix_trades_and_resumes(tmp_path: Path) -> None:
    assert asyncio.run(play_asyncfix(Live(tmp_path))) == STORY


def test_a_wrong_password_is_not_let_in(tmp_path: Path) -> None:
    async def play() -> bytes:
        live = Live(tmp_path)
        await live.open()
        client = SimpleClient()
        client.reader, client.writer = await asyncio.open_connection("127.0.0.1", live.port)
        client.say("A", [(98, "0"), (108, "30"), (553, "ALFA"), (554, "guess")])
        async with asyncio.timeout(PATIENCE_S):
            answer = await client.reader.read()
        await live.close()
        return answer

    assert asyncio.run(play()) == b""


@pytest.mark.parametrize(
    "hello", [b"GET / HTTP/1.1\r\n\r\n" * 300, b"\x16\x03\x01" * 2_000, b"8=FIX.4.4\x019=5\x01" * 400]
)
def test_what_is_no_logon_is_cut_off_and_others_trade_on(tmp_path: Path, hello: bytes) -> None:
    async def play() -> list[Told]:
        live = Live(tmp_path)
        await live.open()
        client = SimpleClient()
        await client.connect(live.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(hello)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        client.say("D", order(1, qty=3_000))
        await client.until("8", "0")
        client.say("5", [])
        await client.until("5")
        await live.close()
        return client.told

    assert asyncio.run(play()) == STORY[:1]
