"""The TCP shell round the desks: one connection, one session. All that is decided is decided in `session.py`.

Bounds of a connection: what a framer holds (one message and one read), READ_BYTES a read, and no reading while the
member does not take what was sent or while its requests wait. Who takes nothing for STALL_S is cut off. A connection
that has not said a whole Logon in LOGON_S or LOGON_BYTES_MAX is closed; so is a second one of the same session.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable
from typing import Final

from evermarket.records.units import SECOND_NS
from evermarket.venue.fix.desk import Desk, Wires
from evermarket.venue.fix.events import Arrived, Tick
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.wire import Framer, Message

READ_BYTES: Final = 1 << 16
HELD_BYTES_MAX: Final = 1 << 18
LOGON_S: Final = 10.0
LOGON_BYTES_MAX: Final = 4_096
STALL_S: Final = 30.0
CLOSE_S: Final = 5.0


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
        self._open: set[Connection] = set()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Begin to accept; the port that is listened on (0 lets the system choose)."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=READ_BYTES, ssl=tls)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def grown(self) -> None:
        """The facts grew: tell every session. A member that does not read gets its reports when it does."""
        now = self._clock()
        busy = {id(c.desk) for c in self._open if c.is_behind}
        for desk in self._desks.values():
            if id(desk) not in busy:
                desk.grown(now)

    async def close(self, text: str = "the gateway closes") -> None:
        """Log every session out, then close."""
        if self._server is not None:
            self._server.close()
        for desk in self._desks.values():
            desk.close(self._clock(), text)
        tasks = [connection.over.wait() for connection in self._open]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks), CLOSE_S)
        self.abort()

    def abort(self) -> None:
        """Cut every connection, as a crash would."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        try:
            first = await asyncio.wait_for(_first_messages(reader, framer), LOGON_S)
            desk = self._desks.get(first[0].get(Tag.SENDER_COMP_ID) or "") if first else None
            if desk is None or desk.is_taken or not self._admit(first[0]):
                return
            connection = Connection(desk, reader, writer, self._clock)
            self._open.add(connection)
            try:
                await connection.run(framer, first)
            finally:
                self._open.discard(connection)
        except (OSError, TimeoutError):
            pass
        finally:
            writer.transport.abort()


class Connection:
    """One connection that belongs to a desk."""

    def __init__(
        self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Callable[[], int]
    ) -> None:
        self.desk = desk
        self.over = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def is_behind(self) -> bool:
        """The member has not taken what was sent."""
        return self._writer.transport.get_write_buffer_size() > HELD_BYTES_MAX

    async def run(self, framer: Framer, first: list[Message]) -> None:
        """Until either side closes."""
        self.desk.connect(self._clock(), Wires(self._send, self._close, self._wake))
        try:
            messages = first
            while not self._closing:
                for message in messages:
                    self.desk.handle(Arrived(self._clock(), message))
                await self._drain()
                while self.desk.is_full and not self._closing:
                    await asyncio.sleep(0.01)
                if self._closing or not (data := await self._reader.read(READ_BYTES)):
                    break
                messages = framer.feed(data)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self.desk.disconnect(self._clock())
            self.over.set()
        await self._drain()
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), CLOSE_S)

    def cut(self) -> None:
        self._closing = True
        self._writer.transport.abort()

    def _send(self, data: bytes) -> None:
        self._writer.write(data)

    def _close(self, reason: str) -> None:
        """Nothing more is read; what was sent still goes out."""
        self._closing = True
        self._reader.feed_eof()

    def _wake(self, time: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0, time - self._clock()) / SECOND_NS
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        if self.is_behind:
            if self._pumping is None or self._pumping.done():
                self._pumping = asyncio.create_task(self._tick_when_taken())
        elif not self._closing:
            self.desk.handle(Tick(self._clock()))

    async def _tick_when_taken(self) -> None:
        try:
            await self._drain()
        except (OSError, TimeoutError):
            return self.cut()
        return self._tick()

    async def _drain(self) -> None:
        await asyncio.wait_for(self._writer.drain(), STALL_S)


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
