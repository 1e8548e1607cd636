"""The feed on the network: datagrams of two lines, recovery over TCP. A thin shell round `Feed`.

It follows the released stream as blocks and never holds it up for a reader: datagrams are sent and forgotten, recovery
connections are few, answer one request at a time and are cut off when they do not read. What paces the datagrams paces
the blocks that are taken: nothing piles up in here.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self

import msgspec

from evermarket.records import RECORD_BYTES, Records
from evermarket.records.feed import FeedChannel
from evermarket.records.units import SECOND_NS
from evermarket.venue.feed.channel import Feed

Address = tuple[str, int]
Took = Callable[[Records], None]

REPLAY_PIECE: Final = 65_536


class FeedPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where a feed is sent and how fast."""

    lines: tuple[tuple[Address, ...], ...]
    """Each line: a multicast group, or the readers one by one. Two lines carry the same."""
    recovery: Address
    interface: str = "127.0.0.1"
    hops_max: int = 1
    packets_per_s: int = 50_000
    burst_packets: int = 256
    snapshot_ms: int = 1_000
    heartbeat_ms: int = 500
    recovery_connections_max: int = 64
    recovery_idle_ms: int = 30_000


class Pacer:
    """A bucket of packets that fills at a rate. Pure: the time comes in."""

    def __init__(self, packets_per_s: int, burst_packets: int, now_ns: int) -> None:
        self._gap_ns = max(1, SECOND_NS // packets_per_s)
        self._burst_ns = burst_packets * self._gap_ns
        self._full_at = now_ns

    def delay_ns(self, now_ns: int) -> int:
        """Take one packet out; how long to wait before it is sent (0: now)."""
        self._full_at = max(self._full_at, now_ns) + self._gap_ns
        return max(0, self._full_at - now_ns - self._burst_ns)


def line_socket(places: FeedPlaces) -> socket.socket:
    """A socket to send datagrams from, multicast too."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, places.hops_max)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, ip_address(places.interface).packed)
    return sock


async def in_thread(stream: Iterator[Records]) -> AsyncIterator[Records]:
    """An ordinary iterator of blocks, each waited for in a thread."""
    nothing = object()
    while True:
        block = await asyncio.to_thread(next, stream, nothing)
        if block is nothing:
            return
        yield block  # type: ignore[misc]


class Publisher:
    """Sends one partition's feed. `async with Publisher(feed, places) as out: await out.follow(blocks)`."""

    def __init__(self, feed: Feed, places: FeedPlaces) -> None:
        self.feed, self.places = feed, places
        self.sent = 0
        self.lost = 0
        """Datagrams that the own network would not take; readers recover them."""
        self._socket = line_socket(places)
        self._beats: dict[FeedChannel, int] = dict.fromkeys(feed.history, 0)
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._pacer = Pacer(places.packets_per_s, places.burst_packets, self._now())

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, *self.places.recovery, limit=REPLAY_PIECE)
        self._tasks = [asyncio.create_task(self._cycles()), asyncio.create_task(self._heartbeats())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._socket.close()

    @property
    def recovery_address(self) -> Address:
        """Where recovery listens."""
        assert self._server is not None, "enter the publisher first"
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def follow(self, blocks: AsyncIterator[Records]) -> None:
        """Send what each block gives, until there are no more."""
        async for block in blocks:
            await self._send(self.feed.take(block))

    async def end_of_day(self) -> None:
        """Send each channel's last record; recovery and snapshots go on until the publisher is left."""
        await self._send(self.feed.end_of_day())

    async def _send(self, told: dict[FeedChannel, list[bytes]]) -> None:
        for channel, some in told.items():
            self._beats[channel] = self._now()
            for data in some:
                await self._datagram(data)

    async def _datagram(self, data: bytes) -> None:
        delay_ns = self._pacer.delay_ns(self._now())
        if delay_ns:
            await asyncio.sleep(delay_ns / SECOND_NS)
        for line in self.places.lines:
            for address in line:
                try:
                    self._socket.sendto(data, address)
                    self.sent += 1
                except OSError:
                    self.lost += 1

    def _now(self) -> int:
        return int(asyncio.get_running_loop().time() * SECOND_NS)

    async def _cycles(self) -> None:
        """Snapshot after snapshot, channel after channel."""
        while True:
            for channel in self.feed.history:
                await asyncio.sleep(self.places.snapshot_ms / 1_000)
                for data in self.feed.cycle(channel):
                    await self._datagram(data)

    async def _heartbeats(self) -> None:
        """A channel that had nothing to say for a while says so."""
        while True:
            await asyncio.sleep(self.places.heartbeat_ms / 1_000)
            for channel, last in self._beats.items():
                if self._now() - last >= self.places.heartbeat_ms * 1_000_000:
                    await self._datagram(self.feed.heartbeat(channel))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One recovery connection: a request, its answer, the next request."""
        if len(self._connections) < self.places.recovery_connections_max:
            self._connections.add(writer)
            try:
                await self._serve(reader, writer)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                pass  # gone, silent, or not reading: nothing is owed to it
            finally:
                self._connections.discard(writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        idle_s = self.places.recovery_idle_ms / 1_000
        while True:
            async with asyncio.timeout(idle_s):
                request = await reader.readexactly(RECORD_BYTES)
            answer = self.feed.answer(request)
            if answer is None:
                return
            data = answer.to_bytes()
            for at in range(0, len(data), REPLAY_PIECE):
                writer.write(data[at : at + REPLAY_PIECE])
                async with asyncio.timeout(idle_s):
                    await writer.drain()
