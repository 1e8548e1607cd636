"""The stream for people, with a real server and a real client library."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from evermarket.records import HEADER, Records
from evermarket.records.feed import FeedChannel, FeedKind, feed_record
from evermarket.venue.feed.arbiter import FeedReader
from evermarket.venue.feed.board import decimal
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.channel import Feed, FeedTerms
from evermarket.venue.feed.packets import Day
from evermarket.venue.feed.web import WebGate, WebTerms
from tests.venue.feed.streams import SEEDS, whole

KEY = "open sesame"
DAY = Day(20261120, 1)


@asynccontextmanager
async def served(gate: WebGate) -> AsyncIterator[str]:
    """The gate's address while it is served."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        config = uvicorn.Config(
            gate.app(), log_level="error", lifespan="off", ws_max_size=65_536, ws_per_message_deflate=False
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield f"ws://127.0.0.1:{sock.getsockname()[1]}/stream"
        finally:
            server.should_exit = True
            await task


async def ask(client: ClientConnection, event: str, **data: Any) -> dict[str, Any]:
    await client.send(json.dumps({"event": event, "data": data}))
    return await heard(client)


async def heard(client: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await client.recv())
    return message


@asynccontextmanager
async def admitted(url: str) -> AsyncIterator[ClientConnection]:
    async with connect(url) as client:
        assert (await ask(client, "auth", apikey=KEY))["event"] == "authenticated"
        yield client


def facts(data: dict[str, Any]) -> tuple[Any, ...]:
    return data["last_price"], data["total"]["volume"], data["time"]


def test_a_client_sees_the_books_as_they_change() -> None:
    async def run() -> None:
        gate, fold = WebGate(KEY.__eq__, WebTerms(gather_ms=0)), FeedFold()
        stream = whole(SEEDS[0], size=10)
        for block in stream[:15]:
            gate.take(fold.take(block).by_level)
        symbol = next(one for one in gate.board.symbols() if gate.board.find(one, 1))
        async with served(gate) as url, admitted(url) as client:
            assert (await ask(client, "subscribe", channel="aggregates", symbol=symbol))["event"] == "subscribed"
            message = await heard(client)
            assert message["event"] == "snapshot"
            for block in stream[15:]:
                gate.take(fold.take(block).by_level)
                await asyncio.sleep(0)
            book = gate.board.find(symbol, 1)
            assert book is not None
            want = (decimal(book.last), book.volume, book.time // 1_000)
            while facts(message["data"]) != want:
                message = await heard(client)
                assert message["id"] == f"aggregates:{symbol}"
            data = message["data"]
            bids, asks = book.told_levels()
            assert [(row["price"], row["size"]) for row in data["bids"]] == [(decimal(p), q) for p, q, _ in bids]
            assert [(row["price"], row["size"]) for row in data["asks"]] == [(decimal(p), q) for p, q, _ in asks]
        assert gate.clients == 0
        assert not gate._wanted

    asyncio.run(run())


def test_ping_errors_and_heartbeats() -> None:
    async def run() -> None:
        gate = WebGate(KEY.__eq__, WebTerms(heartbeat_ms=20))
        async with served(gate) as url, admitted(url) as client:
            while (message := await heard(client))["event"] != "heartbeat":
                pass
            assert set(message["data"]) == {"time"}
            await client.send("{")
            while (message := await heard(client))["event"] == "heartbeat":
                pass
            assert message["event"] == "error"
            assert "not a request" in message["data"]["message"]

    asyncio.run(run())


def test_who_has_no_key_or_is_silent_is_sent_away() -> None:
    async def run() -> None:
        gate = WebGate(KEY.__eq__, WebTerms(auth_ms=50))
        async with served(gate) as url:
            async with connect(url) as client:
                assert (await ask(client, "auth", apikey="guess"))["event"] == "error"
                with pytest.raises(ConnectionClosed):
                    await client.recv()
            async with connect(url) as client:
                with pytest.raises(ConnectionClosed):
                    await client.recv()

    asyncio.run(run())


def test_a_gate_that_is_full_says_try_later() -> None:
    async def run() -> None:
        gate = WebGate(KEY.__eq__, WebTerms(clients_max=1))
        async with served(gate) as url, admitted(url), connect(url) as second:
            with pytest.raises(ConnectionClosed) as closed:
                await second.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013

    asyncio.run(run())


def test_a_gate_that_reads_the_feed_tells_its_clients_after_a_jump() -> None:
    async def run() -> None:
        feed, gate = Feed(FeedTerms(day=DAY)), WebGate(KEY.__eq__, WebTerms(gather_ms=0))
        reader = FeedReader(DAY, FeedChannel.BY_LEVEL, gate)
        stream = whole(SEEDS[0], size=10)
        for block in stream[:15]:
            for data in feed.take(block)[FeedChannel.BY_LEVEL]:
                reader.datagram(data)
        symbol = next(one for one in gate.board.symbols() if gate.board.find(one, 1))
        async with served(gate) as url, admitted(url) as client:
            await ask(client, "subscribe", channel="books", symbol=symbol)
            before = await heard(client)
            for block in stream[15:]:
                feed.take(block)
            for data in feed.cycle(FeedChannel.BY_LEVEL):
                reader.datagram(data)
            after = await heard(client)
            assert (before["event"], after["event"]) == ("snapshot", "snapshot")
            assert before["seq"] < after["seq"] == feed.history[FeedChannel.BY_LEVEL].last

    asyncio.run(run())


def news(seq: int, count: int) -> Records:
    """Trades of one book, without end."""
    rows = [feed_record(FeedKind.TRADE, position=seq + n, instrument=1, attributes=1, qty=1) for n in range(count)]
    return np.concatenate([row.view("V64") for row in rows]).view(HEADER)


def test_a_client_that_does_not_read_is_dropped_and_the_others_hear_on() -> None:
    async def run() -> None:
        gate = WebGate(KEY.__eq__, WebTerms(gather_ms=0, slow_ms=200))
        gate.take(feed_record(FeedKind.BOOK, position=1, instrument=1, attributes=1, symbol=b"2330"))
        async with served(gate) as url, admitted(url) as good:
            slow = await silent(url)
            await ask(good, "subscribe", channel="trades", symbol="2330")
            while gate.clients != 2 or len(gate._wanted) != 1 or gate._wanted.total() != 2:
                await asyncio.sleep(0.001)
            heard_last, seq = 0, 2
            while gate.clients == 2:
                gate.take(news(seq, 100))
                seq += 100
                while heard_last < seq - 1:
                    heard_last = max(heard_last, (await heard(good))["seq"])
            assert gate.clients == 1
            gate.take(news(seq, 1))
            assert (await heard(good))["seq"] == seq
            slow.close()

    asyncio.run(run())


async def silent(url: str) -> socket.socket:
    """A client that subscribes and never reads again: a socket with a small buffer."""
    host, port = url.removeprefix("ws://").removesuffix("/stream").split(":")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (host, int(port)))
    upgrade = f"GET /stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    await loop.sock_sendall(sock, (upgrade + key).encode())
    await loop.sock_recv(sock, 1_024)
    for data in ({"event": "auth", "data": {"apikey": KEY}}, {"event": "subscribe", "data": TRADES}):
        await loop.sock_sendall(sock, masked(json.dumps(data).encode()))
    return sock


TRADES = {"channel": "trades", "symbol": "2330"}


def masked(text: bytes) -> bytes:
    """A text frame from a client, its mask zero."""
    length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text
