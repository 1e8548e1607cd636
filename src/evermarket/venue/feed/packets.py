"""Records of a channel as datagrams, and back (docs/feed.md, section 3). Pure.

A packet is a header record and at most 20 records: 1,344 bytes, which no Ethernet path cuts. An incremental packet ends
where its block of the journal ends, or when it is full, so that packets too are a function of the journal alone.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.records.feed import PACKET, FeedChannel, FeedKind
from evermarket.records.raw import WHOLE

PACKET_RECORDS: Final = 20
"""Records behind the header."""

PACKET_BYTES: Final = (1 + PACKET_RECORDS) * RECORD_BYTES
assert PACKET_BYTES < 1_400

_CHANNELS: Final = frozenset(int(channel) for channel in FeedChannel)


class Day(NamedTuple):
    """Whose data a packet holds."""

    trading_day: int
    partition: int


class Packet(NamedTuple):
    """A packet as read: `first` is the sequence of its first record, or of the next one if it has none (a heartbeat).

    `stands_at` and `cycle_count`: of snapshot channels, the incremental sequence at which the cycle stands and how
    many records it has.
    """

    channel: FeedChannel
    day: Day
    first: int
    time: int
    stands_at: int
    cycle_count: int
    records: Records


class BadPacketError(ValueError):
    """What came is no packet of this format."""


def packets(day: Day, channel: FeedChannel, records: Records, stands_at: int = 0) -> list[bytes]:
    """The records of one block, or one snapshot cycle, in packets."""
    n = len(records)
    starts = range(0, n, PACKET_RECORDS)
    heads = _heads(day, channel, len(starts))
    raw = np.ascontiguousarray(records).view(WHOLE)
    for at, start in enumerate(starts):
        end = min(start + PACKET_RECORDS, n)
        heads["count"][at] = end - start
    if n:
        heads["position"] = records["position"][::PACKET_RECORDS]
        heads["time"] = [int(records["time"][min(start + PACKET_RECORDS, n) - 1]) for start in starts]
    if stands_at or channel in (FeedChannel.ORDER_SNAPSHOT, FeedChannel.LEVEL_SNAPSHOT):
        heads["stands_at"], heads["cycle_count"] = stands_at, n
    return [
        heads[at : at + 1].tobytes() + raw[start : start + PACKET_RECORDS].tobytes() for at, start in enumerate(starts)
    ]


def heartbeat(day: Day, channel: FeedChannel, next_sequence: int, time: int) -> bytes:
    """A packet without records: what the next sequence will be, at the time of the last record."""
    head = _heads(day, channel, 1)
    head["position"], head["time"] = next_sequence, time
    return head.tobytes()


def _heads(day: Day, channel: FeedChannel, n: int) -> Records:
    heads = np.zeros(n, PACKET)
    heads["kind"] = FeedKind.PACKET
    heads["code"] = channel
    heads["trading_day"], heads["partition"] = day
    return heads


def read_packet(data: bytes) -> Packet:
    """A datagram as it came.

    Raises BadPacketError: size, kind, channel or count is not that of a packet, or sequences do not rise by one.
    """
    if not RECORD_BYTES <= len(data) <= PACKET_BYTES or len(data) % RECORD_BYTES:
        raise BadPacketError(f"{len(data)} bytes are no packet")
    head = np.frombuffer(data, PACKET, 1)[0]
    records = np.frombuffer(data, HEADER, offset=RECORD_BYTES)
    if head["kind"] != FeedKind.PACKET or int(head["code"]) not in _CHANNELS or head["count"] != len(records):
        raise BadPacketError(f"kind {int(head['kind'])}, channel {int(head['code'])}, count {int(head['count'])}")
    first = int(head["position"])
    if len(records) and not np.array_equal(
        records["position"], np.arange(first, first + len(records), dtype=np.uint64)
    ):
        raise BadPacketError(f"sequences do not rise by one from {first}")
    return Packet(
        FeedChannel(int(head["code"])),
        Day(int(head["trading_day"]), int(head["partition"])),
        first,
        int(head["time"]),
        int(head["stands_at"]),
        int(head["cycle_count"]),
        records,
    )


def joined(parts: Iterator[Records] | list[Records]) -> Records:
    """Records one behind the other."""
    raw = [np.ascontiguousarray(part).view(WHOLE) for part in parts]
    return np.concatenate(raw).view(HEADER) if raw else np.zeros(0, HEADER)
