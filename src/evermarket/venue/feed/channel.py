"""The feed without sockets: blocks in, datagrams out, and what recovery answers. Pure.

Bounds: a channel keeps its last `keep_records` records; what is older is answered with NOT_KEPT, for which the snapshot
is there. An answer has at most REPLAY_RECORDS_MAX records; whoever wants more asks again.
"""

import zlib
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from evermarket.records import HEADER, Records
from evermarket.records.feed import REPLAY, SNAPSHOT_OF, FeedChannel, FeedKind, feed_record
from evermarket.records.raw import WHOLE
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.packets import Day, heartbeat, packets
from evermarket.venue.feed.snapshot import snapshot

REPLAY_RECORDS_MAX: Final = 16_384
"""Records in one answer: one megabyte."""

BOTH: Final = (FeedChannel.BY_ORDER, FeedChannel.BY_LEVEL)


class History:
    """The last records of one channel, found by sequence."""

    def __init__(self, keep_records: int) -> None:
        self._ring: npt.NDArray[np.void] = np.zeros(keep_records, WHOLE)
        self.last = 0
        self.crc = 0

    @property
    def oldest(self) -> int:
        """Smallest sequence that is still here; `last + 1` if there is none."""
        return max(1, self.last - len(self._ring) + 1)

    def add(self, records: Records) -> None:
        """What comes next, its sequences right behind `last`."""
        raw = np.ascontiguousarray(records).view(WHOLE)
        self.crc = zlib.crc32(raw.tobytes(), self.crc)
        size = len(self._ring)
        kept = raw[-size:]
        at = (self.last + len(raw) - len(kept)) % size
        first = min(len(kept), size - at)
        self._ring[at : at + first] = kept[:first]
        self._ring[: len(kept) - first] = kept[first:]
        self.last += len(raw)

    def between(self, first: int, last: int) -> Records:
        """A copy of the records `first` to `last`, both kept."""
        size = len(self._ring)
        return self._ring[np.arange(first - 1, last) % size].view(HEADER)


class Answer(NamedTuple):
    """What recovery says: a head, then the records it announces."""

    head: Records
    records: Records

    def to_bytes(self) -> bytes:
        """As it goes over the connection."""
        return self.head.tobytes() + self.records.tobytes()


class FeedTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a market decides about its feed."""

    day: Day
    channels: tuple[FeedChannel, ...] = BOTH
    """Incremental channels that are published; a market that discloses five levels alone leaves BY_ORDER out."""
    keep_records: int = 2**20

    def __post_init__(self) -> None:
        if not self.channels or not set(self.channels) <= set(BOTH):
            raise ValueError(f"channels {self.channels}: BY_ORDER, BY_LEVEL or both")
        if self.keep_records < REPLAY_RECORDS_MAX:
            raise ValueError(f"keep_records {self.keep_records} is below {REPLAY_RECORDS_MAX}")


class Feed:
    """One partition's feed on one day."""

    def __init__(self, terms: FeedTerms) -> None:
        self.terms = terms
        self.fold = FeedFold()
        self.history = {channel: History(terms.keep_records) for channel in terms.channels}
        self.ended = False

    def __repr__(self) -> str:
        last = ", ".join(f"{channel.name} {kept.last}" for channel, kept in self.history.items())
        return f"<Feed {self.terms.day.trading_day}: {last}>"

    def take(self, block: Records) -> dict[FeedChannel, list[bytes]]:
        """Fold a block of the released stream; the datagrams that it gives, by channel."""
        if self.ended:
            raise ValueError("the day has ended: no block follows")
        told = self.fold.take(block)
        return {
            channel: self._add(channel, told.by_order if channel == FeedChannel.BY_ORDER else told.by_level)
            for channel in self.history
        }

    def _add(self, channel: FeedChannel, records: Records) -> list[bytes]:
        self.history[channel].add(records)
        return packets(self.terms.day, channel, records)

    def end_of_day(self) -> dict[FeedChannel, list[bytes]]:
        """The stream has ended for the day: each channel's last record, with its totals."""
        self.ended = True
        last = {}
        for channel, kept in self.history.items():
            values = {"records": kept.last, "trades": self.fold.trades, "crc": kept.crc}
            record = feed_record(FeedKind.END_OF_DAY, position=kept.last + 1, time=self.fold.time, **values)
            last[channel] = self._add(channel, record)
        return last

    def cycle(self, channel: FeedChannel) -> list[bytes]:
        """The datagrams of a snapshot cycle of an incremental channel."""
        of = SNAPSHOT_OF[channel]
        return packets(self.terms.day, of, snapshot(self.fold, of), self.stands_at(channel))

    def stands_at(self, channel: FeedChannel) -> int:
        """Last sequence of an incremental channel that the fold has told; END_OF_DAY changes no book."""
        return self.fold.sequences[0 if channel == FeedChannel.BY_ORDER else 1]

    def heartbeat(self, channel: FeedChannel) -> bytes:
        """Says what the next sequence will be."""
        return heartbeat(self.terms.day, channel, self.history[channel].last + 1, self.fold.time)

    def answer(self, request: bytes) -> Answer | None:
        """What a recovery connection is told; None: what it sent is no request, and the connection ends.

        REPLAY of an incremental channel: REPLAYING with the sequences that follow it, or NOT_KEPT with those there are.
        REPLAY of a snapshot channel: REPLAYING with `position` the sequence at which the cycle stands.
        """
        wish = np.frombuffer(request, REPLAY, 1)[0]
        day = Day(int(wish["trading_day"]), int(wish["partition"]))
        channel = int(wish["code"])
        if wish["kind"] != FeedKind.REPLAY:
            return None
        of = {int(SNAPSHOT_OF[one]): one for one in self.history}
        if day == self.terms.day and channel in of:
            return self._whole(of[FeedChannel(channel)])
        if day != self.terms.day or channel not in set(map(int, self.history)):
            return Answer(self._head(FeedKind.NOT_KEPT, channel, 1, 0), np.zeros(0, HEADER))
        return self._part(FeedChannel(channel), int(wish["first"]), int(wish["last"]))

    def _part(self, channel: FeedChannel, first: int, last: int) -> Answer:
        kept = self.history[channel]
        last = min(last, kept.last, first + REPLAY_RECORDS_MAX - 1)
        if not kept.oldest <= first <= last:
            return Answer(self._head(FeedKind.NOT_KEPT, channel, kept.oldest, kept.last), np.zeros(0, HEADER))
        return Answer(self._head(FeedKind.REPLAYING, channel, first, last), kept.between(first, last))

    def _whole(self, channel: FeedChannel) -> Answer:
        of = SNAPSHOT_OF[channel]
        cycle = snapshot(self.fold, of)
        head = self._head(FeedKind.REPLAYING, of, 1, len(cycle))
        head["position"] = self.stands_at(channel)
        return Answer(head, cycle)

    def _head(self, kind: FeedKind, channel: int, first: int, last: int) -> Records:
        day = self.terms.day
        numbers = {"first": first, "last": last, "trading_day": day.trading_day, "partition": day.partition}
        return feed_record(kind, code=channel, **numbers)
