"""The feed through real sockets: two lines that are cut on purpose, recovery, snapshots, a reader that comes late."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.records import Records
from evermarket.records.feed import FeedChannel, FeedKind, feed_record
from evermarket.venue.feed.arbiter import FeedReader
from evermarket.venue.feed.channel import BOTH, Feed, FeedTerms
from evermarket.venue.feed.packets import Day
from evermarket.venue.feed.publisher import FeedPlaces, Pacer, Publisher, in_thread
from evermarket.venue.feed.reader import Follower, ReaderPlaces
from tests.venue.feed.streams import SEEDS, whole

DAY = Day(20261120, 1)
HOME = ("127.0.0.1", 0)


class Deaf(FeedReader):
    """A reader whose lines lose packets before it sees them."""

    def __init__(self, channel: FeedChannel, loss: float, seed: int) -> None:
        super().__init__(DAY, channel)
        self.chance, self.loss = random.Random(seed), loss

    def datagram(self, data: bytes) -> None:
        if self.chance.random() >= self.loss:
            super().datagram(data)


async def of(blocks: Sequence[Records]) -> AsyncIterator[Records]:
    for block in blocks:
        yield block


def places(*lines: tuple[str, int], **other: int) -> FeedPlaces:
    return FeedPlaces(lines=tuple((line,) for line in lines), recovery=HOME, snapshot_ms=50, heartbeat_ms=20, **other)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(HOME)
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("loss", [0.0, 0.3])
@pytest.mark.parametrize("channel", BOTH)
def test_books_over_two_lossy_lines_are_those_of_the_feed(channel: FeedChannel, loss: float) -> None:
    async def run() -> None:
        port = free_port()
        reader, feed = Deaf(channel, loss, 7), Feed(FeedTerms(day=DAY))
        follower = Follower(reader, ReaderPlaces(lines=(HOME, HOME), recovery=("127.0.0.1", port), patience_ms=1))
        where = FeedPlaces(
            lines=tuple((line,) for line in follower.addresses), recovery=("127.0.0.1", port), heartbeat_ms=10
        )
        async with follower, Publisher(feed, where) as publisher:
            await publisher.follow(in_thread(iter(whole(SEEDS[0], size=4))))
            await publisher.end_of_day()
            await follower.until(lambda: reader.market.ended)
            assert reader.next == feed.history[channel].last + 1
            assert publisher.lost == 0
        for (instrument, segment), book in reader.market.books.items():
            if channel == FeedChannel.BY_LEVEL:
                assert book.told_levels() == feed.fold.told(instrument, segment)
            elif segment in (1, 2):
                assert book.depth(40) == feed.fold.depth(instrument, segment, 40)

    asyncio.run(run())


@pytest.mark.parametrize("channel", BOTH)
def test_who_comes_late_stands_where_the_others_stand(channel: FeedChannel) -> None:
    async def run() -> None:
        feed, reader = Feed(FeedTerms(day=DAY)), FeedReader(DAY, channel)
        for block in whole(SEEDS[1]):
            feed.take(block)
        follower = Follower(reader, ReaderPlaces(lines=(HOME,), recovery=("127.0.0.1", free_port())))
        async with follower, Publisher(feed, places(*follower.addresses)) as publisher:
            await follower.until(lambda: reader.next == feed.history[channel].last + 1)
            assert publisher.recovery_address != follower.places.recovery
        assert follower.recoveries == 0

    asyncio.run(run())


async def talk(address: tuple[str, int], request: bytes) -> bytes:
    """What comes back; nothing from who is cut off."""
    stream, writer = await asyncio.open_connection(*address)
    writer.write(request)
    try:
        return await stream.read(64)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def test_recovery_cuts_off_who_speaks_nonsense_or_comes_when_it_is_full() -> None:
    async def run() -> None:
        feed = Feed(FeedTerms(day=DAY))
        async with Publisher(feed, places(recovery_connections_max=1)) as publisher:
            address = publisher.recovery_address
            assert await talk(address, bytes(64)) == b""
            stream, writer = await asyncio.open_connection(*address)
            request = feed_record(FeedKind.REPLAY, code=1, first=1, last=1, trading_day=20261120, partition=1)
            writer.write(request.tobytes())
            assert len(await stream.readexactly(64)) == 64
            assert await talk(address, request.tobytes()) == b""
            writer.close()

    asyncio.run(run())


def test_a_line_that_cannot_be_reached_stops_nothing() -> None:
    async def run() -> None:
        feed = Feed(FeedTerms(day=DAY))
        unreachable = FeedPlaces(lines=((("255.255.255.255", 9),),), recovery=HOME)
        async with Publisher(feed, unreachable) as publisher:
            await publisher.follow(of(whole(SEEDS[0], 40)))
            assert publisher.lost > 0
            assert feed.history[FeedChannel.BY_LEVEL].last > 0

    asyncio.run(run())


@given(st.integers(1, 10**6), st.integers(1, 500), st.lists(st.integers(0, 10**6), max_size=200))
def test_the_pacer_lets_no_more_through_than_its_rate_and_burst(rate: int, burst: int, waits: list[int]) -> None:
    pacer, now, sent = Pacer(rate, burst, 0), 0, []
    for wait in waits:
        now += wait
        now += pacer.delay_ns(now)
        sent.append(now)
    gap = max(1, 10**9 // rate)
    for n, first in enumerate(sent):
        for count, later in enumerate(sent[n:], 1):
            assert (count - burst - 1) * gap <= later - first
