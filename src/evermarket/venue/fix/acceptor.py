"""The TCP shell round the desks: one connection, one session. All that is decided is decided in `session.py`.

Bounds of a connection: what a framer holds (one message and one read), READ_BYTES a read, and no reading while the
member does not take what was sent or while its requests wait. Who takes nothing for STALL_S is cut off. A connection
that has not said a whole Logon in LOGON_S or LOGON_BYTES_MAX is closed; so are a second one of the same session, and
all beyond STRANGERS_MAX that have not logged on.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable
from typing import Final

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix.desk import Desk, Wires
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.wire import Framer, Message

READ_BYTES: Final = 1 << 16
HELD_BYTES_MAX: Final = 1 << 18
LOGON_S: Final = 10.0
LOGON_BYTES_MAX: Final = 4_096
STALL_S: Final = 30.0
CLOSE_S: Final = 5.0
STRANGERS_MAX: Final = 256
"""Connections that have not said their Logon yet; one more is closed at once."""


class Acceptor:
    """`admit` is asked about every Logon beside its CompIDs: a password, a ticket, an address."""

    def __init__(
        self,
        desks: Iterable[Desk],
        clock: Callable[[], int],
        admit: Callable[[Message], bool] = lambda logon: True,
    ) -> None:
        self._desks = {desk.terms.theirs: desk for desk in desks}
        self._clock = clock
        self._admit = admit
        self._server: asyncio.Server | None = None
        self._open: dict[str, Connection] = {}
        self._strangers = 0

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Begin to accept; the port that is listened on (0 lets the system choose)."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=READ_BYTES, ssl=tls)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def grown(self) -> None:
        """The facts grew: tell every session that it concerns."""
        for name, desk in self._desks.items():
            if desk.has_news:
                connection = self._open.get(name)
                if connection is None:
                    desk.grown(self._clock())
                else:
                    connection.grown()

    async def close(self, text: str = "the gateway closes") -> None:
        """Log every session out, then close."""
        if self._server is not None:
            self._server.close()
        for desk in self._desks.values():
            desk.close(self._clock(), text)
        tasks = [connection.over.wait() for connection in self._open.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*tasks)
        self.abort()

    def abort(self) -> None:
        """Cut every connection, as a crash would."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open.values()):
            connection.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._strangers < STRANGERS_MAX:
                await self._meet(reader, writer)
        except (OSError, TimeoutError):
            pass
        finally:
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        self._strangers += 1
        try:
            async with asyncio.timeout(LOGON_S):
                first = await _first_messages(reader, framer)
        finally:
            self._strangers -= 1
        name = first[0].get(Tag.SENDER_COMP_ID) or "" if first else ""
        desk = self._desks.get(name)
        if desk is None or not desk.is_ready or not self._admit(first[0]):
            return
        connection = self._open[name] = Connection(desk, reader, writer, self._clock)
        try:
            await connection.run(framer, first)
        finally:
            del self._open[name]


class Connection:
    """One connection that belongs to a desk."""

    def __init__(
        self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Callable[[], int]
    ) -> None:
        self.over = asyncio.Event()
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._has_room = asyncio.Event()
        self._closing = False

    async def run(self, framer: Framer, first: list[Message]) -> None:
        """Until either side closes."""
        try:
            self._desk.connect(self._clock(), Wires(self._send, self._close, self._wake))
            messages = first
            while True:
                self._desk.arrive(self._clock(), messages)
                await self._drain()
                await self._until_room()
                if self._closing or not (data := await self._reader.read(READ_BYTES)):
                    break
                messages = framer.feed(data)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._closing = True
            self._desk.disconnect(self._clock())
            self.over.set()
        await self._drain()
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()

    def grown(self) -> None:
        """The facts grew. A member that does not read gets its reports when it does."""
        if self._is_behind:
            self._desk.work(self._clock())
            self._tick()
        else:
            self._desk.grown(self._clock())
        if not self._desk.is_full:
            self._has_room.set()

    def cut(self) -> None:
        self._closing = True
        self._has_room.set()
        self._writer.transport.abort()

    @property
    def _is_behind(self) -> bool:
        """The member has not taken what was sent."""
        return self._writer.transport.get_write_buffer_size() > HELD_BYTES_MAX

    async def _until_room(self) -> None:
        while self._desk.is_full and not self._closing:
            self._has_room.clear()
            await self._has_room.wait()

    def _send(self, data: bytes) -> None:
        self._writer.write(data)

    def _close(self, reason: str) -> None:
        """Nothing more is read; what was sent still goes out."""
        self._closing = True
        self._has_room.set()
        self._reader.feed_eof()

    def _wake(self, time: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0, time - self._clock()) / SECOND_NS
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        if self._closing:
            return
        if not self._is_behind:
            self._desk.tick(self._clock())
        elif self._pumping is None or self._pumping.done():
            self._pumping = asyncio.create_task(self._tick_when_taken())

    async def _tick_when_taken(self) -> None:
        try:
            await self._drain()
        except (OSError, TimeoutError):
            return self.cut()
        self._pumping = None
        return self._tick()

    async def _drain(self) -> None:
        async with asyncio.timeout(STALL_S):
            await self._writer.drain()


async def _first_messages(reader: asyncio.StreamReader, framer: Framer) -> list[Message]:
    """The messages of the first read that holds one; none if the connection says too much, or ends, before."""
    said = 0
    while said < LOGON_BYTES_MAX:
        data = await reader.read(LOGON_BYTES_MAX)
        if not data:
            break
        said += len(data)
        messages = framer.feed(data)
        if messages:
            return messages
    return []
