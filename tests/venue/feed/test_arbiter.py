"""Two lines that lose, repeat and reorder on purpose: the books rebuilt are those of the core."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.core import Core
from evermarket.records import RECORD_BYTES, Records
from evermarket.records.feed import ORDERS_OF, SNAPSHOT_OF, FeedChannel
from evermarket.venue.feed.arbiter import FeedReader
from evermarket.venue.feed.channel import BOTH, REPLAY_RECORDS_MAX, Feed, FeedTerms
from evermarket.venue.feed.packets import Day
from evermarket.venue.feed.views import Market
from tests.venue.feed.streams import SEEDS, blocks, whole

DAY = Day(20261120, 1)


class Line:
    """A line that loses some packets, doubles some and holds some back."""

    def __init__(self, chance: random.Random, loss: float) -> None:
        self.chance, self.loss = chance, loss
        self.held: list[bytes] = []

    def carry(self, data: bytes) -> Iterator[bytes]:
        """What comes out at the other end now."""
        if self.chance.random() < self.loss:
            return
        self.held.append(data)
        if self.chance.random() < 0.1:
            self.held.append(data)
        if self.chance.random() < 0.6:
            yield from self.flush()

    def flush(self) -> list[bytes]:
        """Everything held back, in any order."""
        out, self.held = self.held, []
        self.chance.shuffle(out)
        return out


class Ear:
    """Keeps what a reader hands on."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.stood: list[int] = []

    def take(self, records: Records) -> None:
        self.heard.append(records.tobytes())

    def stand(self, snapshot: Records, at: int) -> None:
        self.stood.append(at)


def recover(feed: Feed, reader: FeedReader) -> None:
    """Ask as long as there is something to ask for."""
    while (wish := reader.wish) is not None:
        answer = feed.answer(wish.request(DAY, reader.channel))
        assert answer is not None
        reader.replayed(answer.head.tobytes(), answer.records.tobytes())


def assert_books(reader: FeedReader, feed: Feed, core: Core) -> None:
    for (instrument, segment), book in reader.market.books.items():
        if reader.channel == FeedChannel.BY_LEVEL:
            assert book.told_levels() == feed.fold.told(instrument, segment)
        elif segment in ORDERS_OF:
            assert book.depth(40) == tuple(core.depth(instrument, segment, 40))


@pytest.mark.parametrize("loss", [0.0, 0.2, 0.7])
@pytest.mark.parametrize("seed", SEEDS)
def test_books_survive_loss_repetition_and_disorder(seed: int, loss: float) -> None:
    chance = random.Random(seed)
    core, feed = Core(), Feed(FeedTerms(day=DAY))
    readers = {channel: FeedReader(DAY, channel) for channel in BOTH}
    lines = {(channel, line): Line(chance, loss) for channel in BOTH for line in "AB"}
    for block in blocks(core, seed, size=3):
        for channel, some in feed.take(block).items():
            for data in some:
                for line in "AB":
                    for arrived in lines[channel, line].carry(data):
                        readers[channel].datagram(arrived)
        if chance.random() < 0.1:
            for channel, reader in readers.items():
                reader.datagram(feed.heartbeat(channel))
                recover(feed, reader)
                assert not reader.is_stale
                assert_books(reader, feed, core)
    assert_same(feed, readers, core)


def assert_same(feed: Feed, readers: dict[FeedChannel, FeedReader], core: Core) -> None:
    """After the last heartbeat every reader is where the feed is."""
    for channel, reader in readers.items():
        reader.datagram(feed.heartbeat(channel))
        recover(feed, reader)
        assert reader.next == feed.history[channel].last + 1
        assert_books(reader, feed, core)
        assert reader.counts.foreign == 0


@pytest.mark.parametrize("channel", BOTH)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_late_reader_begins_with_the_snapshot_channel(seed: int, channel: FeedChannel) -> None:
    chance = random.Random(seed)
    core, feed, reader = Core(), Feed(FeedTerms(day=DAY)), FeedReader(DAY, channel)
    stream = list(blocks(core, seed))
    for number, block in enumerate(stream):
        told = feed.take(block)[channel]
        if number > len(stream) // 2:
            for data in told:
                reader.datagram(data)
        if number == len(stream) * 3 // 4:
            cycle = feed.cycle(channel)
            chance.shuffle(cycle)
            for data in cycle:
                reader.datagram(data)
    assert not reader.is_stale
    assert_books(reader, feed, core)


def test_what_recovery_no_longer_keeps_comes_as_a_snapshot() -> None:
    core, feed = Core(), Feed(FeedTerms(day=DAY, keep_records=REPLAY_RECORDS_MAX))
    ear = Ear()
    reader = FeedReader(DAY, FeedChannel.BY_LEVEL, ear)
    for block in blocks(core, SEEDS[0]):
        feed.take(block)
    feed.history[FeedChannel.BY_LEVEL]._ring = feed.history[FeedChannel.BY_LEVEL]._ring[:7].copy()
    reader.datagram(feed.heartbeat(FeedChannel.BY_LEVEL))
    recover(feed, reader)
    assert (ear.heard, ear.stood) == ([], [feed.history[FeedChannel.BY_LEVEL].last])
    assert reader.next == feed.history[FeedChannel.BY_LEVEL].last + 1
    assert_books(reader, feed, core)


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.integers(0, 50))
def test_records_are_handed_on_once_and_in_sequence(chance: random.Random, seed: int) -> None:
    feed, ear = Feed(FeedTerms(day=DAY)), Ear()
    reader = FeedReader(DAY, FeedChannel.BY_LEVEL, ear)
    sent = [data for block in whole(seed, 40) for data in feed.take(block)[FeedChannel.BY_LEVEL]]
    arrived = [data for data in sent for _ in range(chance.choice((0, 1, 1, 2)))]
    chance.shuffle(arrived)
    for data in arrived:
        reader.datagram(data)
    reader.datagram(feed.heartbeat(FeedChannel.BY_LEVEL))
    recover(feed, reader)
    assert ear.stood == []
    assert b"".join(ear.heard) == b"".join(data[RECORD_BYTES:] for data in sent)


def test_packets_of_other_days_partitions_and_channels_are_counted_and_left_alone() -> None:
    reader = FeedReader(DAY, FeedChannel.BY_LEVEL)
    block = whole(SEEDS[0], size=200)[0]
    for day, channel in (
        (Day(20261121, 1), FeedChannel.BY_LEVEL),
        (Day(20261120, 2), FeedChannel.BY_LEVEL),
        (DAY, FeedChannel.BY_ORDER),
    ):
        for data in Feed(FeedTerms(day=day)).take(block)[channel]:
            reader.datagram(data)
    reader.datagram(b"noise")
    assert reader.next == 1
    assert reader.counts.packets == 0
    assert reader.counts.foreign > 3
    assert reader.market.books == Market().books


def test_an_old_snapshot_changes_nothing() -> None:
    core, feed, reader = Core(), Feed(FeedTerms(day=DAY)), FeedReader(DAY, FeedChannel.BY_ORDER)
    old: list[bytes] = []
    for number, block in enumerate(blocks(core, SEEDS[0], 100)):
        for data in feed.take(block)[FeedChannel.BY_ORDER]:
            reader.datagram(data)
        old = old or (feed.cycle(FeedChannel.BY_ORDER) if number == 20 else [])
    before = reader.next
    for data in old:
        reader.datagram(data)
    assert reader.next == before
    assert_books(reader, feed, core)
    assert SNAPSHOT_OF[FeedChannel.BY_ORDER] == FeedChannel.ORDER_SNAPSHOT
