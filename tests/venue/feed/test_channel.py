"""Packets, sequences, history and answers: the same from any core, from any restart."""

import hashlib
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.core import Core
from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.feed import END_OF_DAY, REPLAY, FeedChannel, FeedKind, feed_record
from evermarket.twin import Twin
from evermarket.venue.feed.channel import BOTH, REPLAY_RECORDS_MAX, Feed, FeedTerms, History
from evermarket.venue.feed.packets import PACKET_BYTES, BadPacketError, Day, packets, read_packet
from tests.core.sessions import in_batches
from tests.models.generate import session
from tests.models.words import join, split
from tests.venue.feed.streams import SEEDS, copied, whole

DAY = Day(20261120, 1)
TERMS = FeedTerms(day=DAY)
PRIVATE = ("cl_ord_id", "account", "line", "of_member", "of_line", "member", "buy_account", "sell_account", "buy_line")
"""Fields that name somebody or are a member's own."""


def sent(stream: list[Records], terms: FeedTerms = TERMS) -> dict[FeedChannel, str]:
    """A hash of all datagrams of a day, by channel."""
    feed = Feed(terms)
    all_packets: dict[FeedChannel, list[bytes]] = {channel: [] for channel in terms.channels}
    for told in (*(feed.take(block) for block in stream), feed.end_of_day()):
        for channel, some in told.items():
            all_packets[channel] += some
    return {channel: hashlib.sha256(b"".join(some)).hexdigest() for channel, some in all_packets.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_feed_built_again_sends_the_same_packets(seed: int) -> None:
    stream = whole(seed, size=5)
    assert sent(stream) == sent([copied(block) for block in stream])


def test_a_restart_in_the_middle_goes_on_with_the_same_packets() -> None:
    stream = whole(SEEDS[0], size=5)
    first, again = Feed(TERMS), Feed(TERMS)
    half = len(stream) // 2
    for block in stream[:half]:
        first.take(block)
        again.take(block)
    assert [again.take(block) for block in stream[half:]] == [first.take(block) for block in stream[half:]]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_private_has_any_influence(seed: int) -> None:
    """The same stream with other accounts, lines, members and client ids gives the same bytes."""
    stream = whole(seed, size=5)
    assert sent([disguised(block) for block in stream]) == sent(stream)


def disguised(block: Records) -> Records:
    """Every private field with other bits."""
    rows = []
    for raw in split(block):
        row = bytearray(raw)
        fields = LAYOUT[Kind(row[16])].fields or {} if row[16] in set(Kind) else {}
        for name in PRIVATE:
            if name in fields:
                at, size = int(fields[name][1]), fields[name][0].itemsize
                row[at : at + size] = bytes(byte ^ 0x5A for byte in row[at : at + size])
        rows.append(bytes(row))
    return join(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_packets_are_small_and_say_what_they_hold(seed: int) -> None:
    feed = Feed(TERMS)
    following = dict.fromkeys(BOTH, 1)
    for block in whole(seed, size=50):
        for channel, some in feed.take(block).items():
            for data in some:
                packet = read_packet(data)
                assert len(data) <= PACKET_BYTES < 1_400
                assert (packet.channel, packet.day, packet.first) == (channel, DAY, following[channel])
                following[channel] += len(packet.records)


def test_the_last_record_proves_the_channel() -> None:
    feed = Feed(TERMS)
    crc = dict.fromkeys(BOTH, 0)
    for block in whole(SEEDS[0]):
        for channel, some in feed.take(block).items():
            for data in some:
                crc[channel] = zlib.crc32(data[64:], crc[channel])
    for channel, some in feed.end_of_day().items():
        last = read_packet(some[-1]).records.view(END_OF_DAY)[-1]
        assert int(last["crc"]) == crc[channel]
        assert int(last["records"]) == int(last["position"]) - 1 == feed.history[channel].last - 1
        assert int(last["trades"]) == feed.fold.trades
    with pytest.raises(ValueError, match="ended"):
        feed.take(np.zeros(0, HEADER))


@pytest.mark.parametrize(
    "data", [b"", b"x" * 63, b"\0" * 64, feed_record(FeedKind.PACKET, code=9).tobytes(), b"\0" * 64 * 22]
)
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(BadPacketError):
        read_packet(data)


def test_a_packet_with_a_hole_is_refused() -> None:
    rows = np.concatenate([feed_record(FeedKind.STATE, position=n).view("V64") for n in (1, 2, 4)]).view(HEADER)
    with pytest.raises(BadPacketError, match="rise"):
        read_packet(packets(DAY, FeedChannel.BY_LEVEL, rows)[0])


@given(st.integers(1, 40), st.lists(st.integers(0, 90), max_size=12))
def test_history_keeps_the_last_records(size: int, adds: list[int]) -> None:
    history, told = History(size), []
    for count in adds:
        rows = np.zeros(count, HEADER)
        rows["position"] = np.arange(len(told) + 1, len(told) + count + 1)
        told += rows["position"].tolist()
        history.add(rows)
    assert history.last == len(told)
    assert history.oldest == max(1, len(told) - size + 1)
    if told:
        assert history.between(history.oldest, history.last)["position"].tolist() == told[-size:]


def test_recovery_answers_what_it_keeps_and_says_what_it_does_not() -> None:
    feed = Feed(TERMS)
    for block in whole(SEEDS[0]):
        feed.take(block)
    last = feed.history[FeedChannel.BY_LEVEL].last

    def ask(first: int, end: int, **other: int) -> tuple[int, int, int, list[int]]:
        values = {"code": FeedChannel.BY_LEVEL, "trading_day": 20261120, "partition": 1, **other}
        answer = feed.answer(feed_record(FeedKind.REPLAY, first=first, last=end, **values).tobytes())
        assert answer is not None
        head = answer.head.view(REPLAY)[0]
        return int(head["kind"]), int(head["first"]), int(head["last"]), answer.records["position"].tolist()

    assert ask(3, 5) == (FeedKind.REPLAYING, 3, 5, [3, 4, 5])
    assert ask(last, 10**9) == (FeedKind.REPLAYING, last, last, [last])
    for first, end in ((0, 5), (last + 1, last + 1), (5, 3), (2**64 - 1, 2**64 - 1)):
        assert ask(first, end) == (FeedKind.NOT_KEPT, 1, last, [])
    assert ask(1, 5, trading_day=20261121) == (FeedKind.NOT_KEPT, 1, 0, [])
    assert ask(1, 5, code=77) == (FeedKind.NOT_KEPT, 1, 0, [])
    assert feed.answer(bytes(64)) is None


def test_a_market_that_discloses_levels_alone_has_no_channel_by_order() -> None:
    feed = Feed(FeedTerms(day=DAY, channels=(FeedChannel.BY_LEVEL,)))
    assert set(feed.take(whole(SEEDS[0])[0])) == {FeedChannel.BY_LEVEL}
    wish = feed_record(FeedKind.REPLAY, code=FeedChannel.ORDER_SNAPSHOT, trading_day=20261120, partition=1).tobytes()
    answer = feed.answer(wish)
    assert answer is not None
    assert answer.head["kind"][0] == FeedKind.NOT_KEPT


@pytest.mark.parametrize("bad", [{"channels": ()}, {"channels": (FeedChannel.LEVEL_SNAPSHOT,)}, {"keep_records": 1}])
def test_terms_that_cannot_be_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"channels|keep_records"):
        FeedTerms(day=DAY, **bad)  # type: ignore[arg-type]
    assert REPLAY_RECORDS_MAX > 0


def test_the_other_core_gives_the_same_packets(twin_stream: tuple[list[Records], list[Records]]) -> None:
    primary, twin = twin_stream
    assert sent(primary) == sent(twin)


@pytest.fixture
def twin_stream() -> tuple[list[Records], list[Records]]:
    """One session through both cores, in the same blocks."""
    primary = Core()
    batches = list(in_batches(split(session(SEEDS[0], 200)), 5))
    with Twin() as twin:
        return [copied(primary.run(batch)) for batch in batches], [copied(twin.run(batch)) for batch in batches]
