"""The feed for people: WebSocket with JSON at `/stream`. A thin shell round `Board` and `Talk`.

It is a reader like any other: give it records of the channel by level in sequence. Everything runs in one event loop;
a client that does not take what waits for it within `slow_ms` is dropped, the others never wait for it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from litestar import Litestar, WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from evermarket.records import Records
from evermarket.venue.feed.board import Board, Frame, Topic, WebChannel
from evermarket.venue.feed.talk import REQUEST_BYTES_MAX, Talk, heartbeat

ANSWERS_MAX: Final = 1_024
"""Answers that wait for a client which asks and does not read."""

POLICY: Final = 1008
TRY_LATER: Final = 1013
GOING_AWAY: Final = 1001

Socket = WebSocket[Any, Any, Any]


class WebTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the gate."""

    clients_max: int = 2_000
    auth_ms: int = 5_000
    slow_ms: int = 5_000
    heartbeat_ms: int = 30_000
    gather_ms: int = 20
    """A client's news is gathered this long, so that what changes fast is sent once, newest only."""


class _Client:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.news = asyncio.Event()
        self.answers: list[bytes] = []


class WebGate:
    """All clients of one board.

    Example: `gate = WebGate(admits)`, served as `gate.app()`; in its event loop `FeedReader(day, BY_LEVEL, gate)`.
    """

    def __init__(self, admits: Callable[[str], bool], terms: WebTerms | None = None) -> None:
        self.board = Board()
        self.terms = terms or WebTerms()
        self.dropped = 0
        """Clients that did not read."""
        self._admits = admits
        self._clients: set[_Client] = set()
        self._wanted: Counter[Topic] = Counter()

    @property
    def clients(self) -> int:
        """Connections now."""
        return len(self._clients)

    def take(self, records: Records) -> None:
        """Records of the channel by level, in sequence, to everybody who wants them."""
        self._offer(self.board.apply(records, self._wanted))

    def stand(self, snapshot: Records, at: int) -> None:
        """The state after sequences that never came, to everybody who follows states."""
        self.board.stand(snapshot, at)
        states = [topic for topic in self._wanted if topic.channel != WebChannel.TRADES]
        self._offer([self.board.first(topic) for topic in states if self.board.find(topic.symbol, topic.segment)])

    def _offer(self, frames: list[Frame]) -> None:
        if not frames:
            return
        for client in self._clients:
            for frame in frames:
                if frame.topic in client.talk.topics:
                    client.talk.offer(frame)
                    client.news.set()

    def app(self) -> Litestar:
        """The application: one route."""

        @websocket("/stream")
        async def stream(socket: WebSocket) -> None:  # type: ignore[type-arg]
            await self._serve(socket)

        return Litestar(route_handlers=[stream], openapi_config=None)

    async def _serve(self, socket: Socket) -> None:
        await socket.accept()
        if len(self._clients) >= self.terms.clients_max:
            await socket.close(TRY_LATER, "full")
            return
        client = _Client(Talk(self.board, self._admits))
        self._clients.add(client)
        tasks = [asyncio.create_task(self._listen(socket, client)), asyncio.create_task(self._tell(socket, client))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._clients.discard(client)
            self._wanted.subtract(list(client.talk.topics))
            self._wanted += Counter()  # forget what nobody wants
        with suppress(Exception):  # it may be gone, or not take even this
            async with asyncio.timeout(0.1):
                await socket.close(POLICY if client.talk.is_over else GOING_AWAY)

    async def _listen(self, socket: Socket, client: _Client) -> None:
        """What the client says, until it leaves or must."""
        with suppress(WebSocketDisconnect, TimeoutError):
            while not client.talk.is_over:
                limit_s = None if client.talk.is_admitted else self.terms.auth_ms / 1_000
                async with asyncio.timeout(limit_s):
                    text = await socket.receive_data("text")
                if len(text) > REQUEST_BYTES_MAX:
                    return
                before = Counter(list(client.talk.topics))
                client.answers += client.talk.say(text, time.time_ns())
                after = Counter(list(client.talk.topics))
                self._wanted += after - before
                self._wanted -= before - after
                client.news.set()
                if len(client.answers) > ANSWERS_MAX:
                    return
            await asyncio.sleep(self.terms.slow_ms / 1_000)  # the last word goes out, then `_tell` ends this

    async def _tell(self, socket: Socket, client: _Client) -> None:
        """What waits for the client, newest only."""
        while True:
            try:
                async with asyncio.timeout(self.terms.heartbeat_ms / 1_000):
                    await client.news.wait()
            except TimeoutError:
                client.answers.append(heartbeat(time.time_ns()))
            client.news.clear()
            answers, client.answers = client.answers, []
            for data in (*answers, *client.talk.take()):
                if not await self._sent(socket, data):
                    self.dropped += 1
                    client.talk.is_over = True
                    return
            if client.talk.is_over:
                return
            await asyncio.sleep(self.terms.gather_ms / 1_000)

    async def _sent(self, socket: Socket, data: bytes) -> bool:
        try:
            async with asyncio.timeout(self.terms.slow_ms / 1_000):
                await socket.send_data(data, "text")
        except (TimeoutError, WebSocketDisconnect, OSError):
            return False
        return True
