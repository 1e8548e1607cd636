"""What a reader does with packets of two lines: order, gaps, recovery, books. Pure: packets in, wishes out.

Each line carries the same packets; the first to come counts. A sequence that is missing makes what follows wait, in a
bounded place, and a wish: the missing records, or a snapshot where they are no longer kept. Nothing is ever guessed:
until the gap is closed the books stand before it, and `is_stale` says so.
"""

from typing import Final, NamedTuple, Protocol

import numpy as np

from evermarket.records import HEADER, Records
from evermarket.records.feed import REPLAY, SNAPSHOT_OF, FeedChannel, FeedKind, feed_record
from evermarket.records.raw import WHOLE
from evermarket.venue.feed.packets import BadPacketError, Day, Packet, read_packet
from evermarket.venue.feed.views import Market

AHEAD_MAX: Final = 4_096
"""Packets that wait behind a gap; what comes beyond is dropped and recovered later."""


class Wish(NamedTuple):
    """What the reader needs from recovery: sequences of its channel, or (snapshot) the whole state."""

    first: int
    last: int
    snapshot: bool

    def request(self, day: Day, channel: FeedChannel) -> bytes:
        """The record that asks for it."""
        code = SNAPSHOT_OF[channel] if self.snapshot else channel
        numbers = {"first": self.first, "last": self.last, "trading_day": day.trading_day, "partition": day.partition}
        return feed_record(FeedKind.REPLAY, code=code, **numbers).tobytes()


class Counts(NamedTuple):
    """What a reader has seen."""

    packets: int
    repeated: int
    foreign: int
    gaps: int
    dropped: int


class Listener(Protocol):
    """Whoever else wants what the reader hands on: a gate, a recorder."""

    def take(self, records: Records, /) -> None:
        """What comes next in sequence."""

    def stand(self, snapshot: Records, at: int, /) -> None:
        """Some sequences up to `at` will never come: this is the state behind them."""


class FeedReader:
    """Follows one incremental channel of one day and keeps its books.

    Records are handed on in sequence, each once: to `market`, then to the listeners.
    """

    def __init__(self, day: Day, channel: FeedChannel, *listeners: Listener) -> None:
        self.day, self.channel = day, channel
        self.market = Market()
        self.next = 1
        self.known = 0
        self._listeners = listeners
        self._ahead: dict[int, Records] = {}
        self._cycle: dict[int, Records] = {}
        self._cycle_at = (-1, 0)
        self._lost = False
        self._seen = dict.fromkeys(Counts._fields, 0)

    def __repr__(self) -> str:
        return f"<FeedReader {self.channel.name} next {self.next}, known {self.known}, {len(self._ahead)} wait>"

    @property
    def counts(self) -> Counts:
        """What came so far."""
        return Counts(**self._seen)

    @property
    def is_stale(self) -> bool:
        """Whether something was told that this reader does not have yet."""
        return self.next <= self.known

    @property
    def wish(self) -> Wish | None:
        """What recovery should be asked for now."""
        if not self.is_stale:
            return None
        if self._lost:
            return Wish(0, 0, True)
        return Wish(self.next, min(self._ahead, default=self.known + 1) - 1, False)

    def datagram(self, data: bytes) -> None:
        """A packet from either line. What is no packet of this day and feed is counted and left alone."""
        try:
            packet = read_packet(data)
        except BadPacketError:
            self._seen["foreign"] += 1
            return
        if packet.day != self.day or packet.channel not in (self.channel, SNAPSHOT_OF[self.channel]):
            self._seen["foreign"] += 1
            return
        self._seen["packets"] += 1
        if packet.channel == self.channel:
            self._incremental(packet.first, packet.records)
        else:
            self._of_cycle(packet)

    def _incremental(self, first: int, records: Records) -> None:
        end = first + len(records) - 1
        self.known = max(self.known, end)
        if len(records) == 0:
            return
        if end < self.next or first in self._ahead:
            self._seen["repeated"] += 1
        elif first <= self.next:
            self._hand_on(records[self.next - first :])
            self._drain()
        elif len(self._ahead) < AHEAD_MAX:
            if not self._ahead:
                self._seen["gaps"] += 1
            self._ahead[first] = records
        else:
            self._seen["dropped"] += 1

    def _hand_on(self, records: Records) -> None:
        self.market.apply(records)
        self.next += len(records)
        for listener in self._listeners:
            listener.take(records)

    def _drain(self) -> None:
        """What waited and fits now."""
        while self._ahead:
            first = min(self._ahead)
            if first > self.next:
                return
            records = self._ahead.pop(first)
            if first + len(records) > self.next:
                self._hand_on(records[self.next - first :])

    def replayed(self, head: bytes, body: bytes) -> None:
        """An answer of recovery: its head, and the records it announced."""
        row = np.frombuffer(head, REPLAY, 1)[0]
        records = np.frombuffer(body, HEADER)
        if row["kind"] == FeedKind.NOT_KEPT:
            self._lost = True
        elif int(row["code"]) == self.channel:
            self._incremental(int(row["first"]), records)
        elif int(row["code"]) == SNAPSHOT_OF[self.channel]:
            self._stand(int(row["position"]), records)

    def _of_cycle(self, packet: Packet) -> None:
        """Keep the packets of the newest cycle until it is whole, if it would help."""
        self.known = max(self.known, packet.stands_at)
        if packet.stands_at < self.next:
            return
        this = (packet.stands_at, packet.cycle_count)
        if this < self._cycle_at:
            return
        if this != self._cycle_at:
            self._cycle, self._cycle_at = {}, this
        self._cycle[packet.first] = packet.records
        if sum(map(len, self._cycle.values())) == packet.cycle_count:
            raw = [self._cycle[first].view(WHOLE) for first in sorted(self._cycle)]
            self._cycle = {}
            self._stand(packet.stands_at, np.concatenate(raw).view(HEADER))

    def _stand(self, at: int, snapshot: Records) -> None:
        """Begin again where a snapshot stands, if that is further than what is here."""
        if at < self.next:
            return
        self.market.replace(snapshot)
        self.next = at + 1
        self._lost = False
        for listener in self._listeners:
            listener.stand(snapshot, at)
        self._ahead = {first: rows for first, rows in self._ahead.items() if first + len(rows) > self.next}
        self._drain()
