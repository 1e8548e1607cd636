"""The feed as a consumer uses it: two lines, recovery, books. A thin shell round `FeedReader`.

`async with Follower(reader, places) as follower: await follower.until(lambda: ...)`; the books are in `reader.market`.
A gap is given a moment, for the other line may close it; then recovery is asked, again and again until it answers.
"""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np

from evermarket.records import RECORD_BYTES
from evermarket.records.feed import REPLAY, FeedKind
from evermarket.venue.feed.arbiter import FeedReader

Address = tuple[str, int]

DATAGRAMS_A_TURN: Final = 256
RECEIVE_BYTES: Final = 4 * 2**20


class ReaderPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reader listens: an address a line (a multicast group is joined), and where recovery is."""

    lines: tuple[Address, ...]
    recovery: Address
    interface: str = "127.0.0.1"
    patience_ms: int = 20
    recovery_ms: int = 5_000


def listening_socket(address: Address, interface: str) -> socket.socket:
    """A socket that receives a line."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    if ip_address(address[0]).is_multicast:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        member = ip_address(address[0]).packed + ip_address(interface).packed
        sock.bind(address)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    else:
        sock.bind(address)
    sock.setblocking(False)
    return sock


class Follower:
    """Keeps a `FeedReader` fed."""

    def __init__(self, reader: FeedReader, places: ReaderPlaces) -> None:
        self.reader, self.places = reader, places
        self.recoveries = 0
        self._sockets = [listening_socket(address, places.interface) for address in places.lines]
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> list[Address]:
        """Where the lines are received, port 0 resolved."""
        return [sock.getsockname()[:2] for sock in self._sockets]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.add_reader(sock, self._readable, sock)
        self._task = asyncio.create_task(self._recover())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for sock in self._sockets:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for news until something is so."""
        while not is_so():
            self._news.clear()
            await self._news.wait()

    def _readable(self, sock: socket.socket) -> None:
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data = sock.recv(65_536)
            except OSError:
                break
            self.reader.datagram(data)
        self._news.set()

    async def _recover(self) -> None:
        """Close gaps that the other line does not close in time."""
        while True:
            await asyncio.sleep(self.places.patience_ms / 1_000)
            wish, before = self.reader.wish, self.reader.next
            if wish is None:
                continue
            await asyncio.sleep(self.places.patience_ms / 1_000)
            if self.reader.next != before or self.reader.wish is None:
                continue
            try:
                async with asyncio.timeout(self.places.recovery_ms / 1_000):
                    await self._ask()
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                continue  # the next round asks again

    async def _ask(self) -> None:
        """Wishes over one connection until nothing is missing."""
        stream, writer = await asyncio.open_connection(*self.places.recovery)
        try:
            while (wish := self.reader.wish) is not None:
                before = self.reader.next
                writer.write(wish.request(self.reader.day, self.reader.channel))
                head = await stream.readexactly(RECORD_BYTES)
                body = await stream.readexactly(RECORD_BYTES * announced(head))
                self.reader.replayed(head, body)
                self.recoveries += 1
                self._news.set()
                if self.reader.next == before and wish.snapshot:
                    return
        finally:
            writer.close()


def announced(head: bytes) -> int:
    """How many records follow the head of an answer."""
    row = np.frombuffer(head, REPLAY, 1)[0]
    return int(row["last"]) - int(row["first"]) + 1 if row["kind"] == FeedKind.REPLAYING else 0
