"""Step through the bytes of segments, frame by frame, checking everything that can be checked.

A step ends in a Block, an Epoch, `End` (the slot is zero, or the segment is full) or `Bad`. What follows from Bad
(wait, cut or stop) is decided by recovery and by the readers. Nothing is copied: blocks are views of the memory map.
"""

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.journal.errors import JournalDamaged, JournalVersion
from evermarket.journal.frames import (
    BLOCK_STRUCT,
    EPOCH_STRUCT,
    FORMAT_VERSION,
    NO_CHAIN,
    Block,
    Epoch,
    SegmentHead,
    block_crc,
    next_chain,
    parse_segment,
)
from evermarket.journal.segment import segment_name
from evermarket.records import HEADER, RECORD_BYTES, Kind
from evermarket.records.kinds import FIRST_FRAME

_KIND_AT: Final = 16
_WINDOW_SLOTS: Final = 64


@dataclass(slots=True)
class Place:
    """Where a walk stands: behind `position`, at `offset_bytes` of a segment.

    `chain` None and `epoch` None: the walk began in the middle and takes both from the first frame it meets.
    """

    segment: int
    offset_bytes: int = RECORD_BYTES
    position: int = 0
    epoch: int | None = 0
    chain: bytes | None = NO_CHAIN


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more here: a zero slot, or the segment's end."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Something that is no whole good frame."""

    reason: str


Step = Block | Epoch | End | Bad
END: Final = End()


class SegmentMap:
    """A segment file, mapped for reading. Errors: JournalDamaged (header, size), JournalVersion, OSError."""

    def __init__(self, folder: Path, number: int, position: int = 0) -> None:
        self.number = number
        path = folder / segment_name(number)
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes < RECORD_BYTES:
                raise JournalDamaged(
                    f"the file has {size_bytes} bytes", segment=number, offset_bytes=0, position=position
                )
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        head = parse_segment(self.data[:RECORD_BYTES])
        if isinstance(head, str):
            raise JournalDamaged(head, segment=number, offset_bytes=0, position=position)
        if head.version != FORMAT_VERSION:
            raise JournalVersion(f"segment {number} has format version {head.version}, this is {FORMAT_VERSION}")
        wrong = ""
        if head.number != number:
            wrong = f"its header says segment {head.number}"
        elif head.size_bytes != size_bytes:
            wrong = f"the file has {size_bytes} bytes, its header says {head.size_bytes}"
        if wrong:
            raise JournalDamaged(wrong, segment=number, offset_bytes=0, position=position)
        self.head: SegmentHead = head
        self.size_bytes = size_bytes
        self.slots = size_bytes // RECORD_BYTES
        self.kinds: npt.NDArray[np.uint8] = np.frombuffer(self.data, np.uint8)[_KIND_AT::RECORD_BYTES]

    def step(self, place: Place) -> Step:
        """Check what stands at `place`; on a good frame `place` moves behind it."""
        start = place.offset_bytes // RECORD_BYTES
        if start >= self.slots or self.kinds[start] == 0:
            return END
        if self.kinds[start] == Kind.EPOCH:
            return self._epoch(place)
        frame = self._next_frame(start)
        if frame is None:
            return Bad("records without a BLOCK record")
        if self.kinds[frame] != Kind.BLOCK:
            return Bad(f"kind {self.kinds[frame]} where a record or a BLOCK record must stand")
        return self._block(place, start, frame)

    def good_behind(self, offset_bytes: int) -> int | None:
        """Last position of the first frame behind the bad one at `offset_bytes` that is good by itself, or None."""
        bad = offset_bytes // RECORD_BYTES
        frames = np.flatnonzero(self.kinds[bad:] >= FIRST_FRAME) + bad
        for at in frames.tolist():
            raw = self.data[at * RECORD_BYTES : (at + 1) * RECORD_BYTES]
            if raw[_KIND_AT] == Kind.BLOCK:
                position, _, _, _, count, crc, _ = BLOCK_STRUCT.unpack(raw)
                start = at - count
                if count and start > bad and crc == block_crc(self._bytes(start, at), raw[:28] + bytes(36)):
                    return int(position)
            elif raw[_KIND_AT] == Kind.EPOCH and at > bad:
                chain = self.data[at * RECORD_BYTES - 32 : at * RECORD_BYTES]
                if next_chain(chain, b"", raw) == raw[32:]:
                    return int(EPOCH_STRUCT.unpack(raw)[0])
        return None

    def used_end(self, offset_bytes: int) -> int:
        """End of the last slot at or behind `offset_bytes` that is not zero; `offset_bytes` itself if all are."""
        words = np.frombuffer(self.data, np.uint64, offset=offset_bytes)
        for high in range(len(words), 0, -(1 << 17)):
            low = max(0, high - (1 << 17))
            if words[low:high].any():
                last = low + int(np.flatnonzero(words[low:high])[-1])
                return offset_bytes + (last // 8 + 1) * RECORD_BYTES
        return offset_bytes

    def _bytes(self, start: int, end: int) -> memoryview:
        return memoryview(self.data)[start * RECORD_BYTES : end * RECORD_BYTES]

    def _next_frame(self, start: int) -> int | None:
        """First slot from `start` on whose kind is a framing one; None if a zero slot or the end comes first."""
        window = _WINDOW_SLOTS
        while start < self.slots:
            kinds = self.kinds[start : start + window]
            hits = (kinds >= FIRST_FRAME) | (kinds == 0)
            first = int(hits.argmax())
            if hits[first]:
                return start + first if kinds[first] else None
            start += len(kinds)
            window = min(window * 8, 1 << 16)
        return None

    def _epoch(self, place: Place) -> Epoch | Bad:
        at = place.offset_bytes
        raw = self.data[at : at + RECORD_BYTES]
        position, time, _, make, epoch, owner, trading_day, chain = EPOCH_STRUCT.unpack(raw)
        if place.chain is not None and next_chain(place.chain, b"", raw) != chain:
            return Bad("chain of an EPOCH record")
        if position != place.position:
            return Bad(f"EPOCH record says position {position}, {place.position} is before it")
        if epoch == place.epoch:
            return Bad(f"epoch {epoch} begins twice")
        void = place.epoch is not None and epoch < place.epoch
        if not void:
            place.epoch = epoch
        place.chain = chain
        place.offset_bytes += RECORD_BYTES
        return Epoch(position, time, make, epoch, owner, trading_day, chain, raw, place.segment, at, void)

    def _block(self, place: Place, start: int, at: int) -> Block | Bad:
        frame = self.data[at * RECORD_BYTES : (at + 1) * RECORD_BYTES]
        position, digest, _, epoch, count, crc, chain = BLOCK_STRUCT.unpack(frame)
        if count != at - start or not count:
            return Bad(f"BLOCK record says {count} records, {at - start} are there")
        data = self._bytes(start, at)
        if crc != block_crc(data, frame[:28] + bytes(36)):
            return Bad("crc of a block")
        if place.chain is not None and next_chain(place.chain, data, frame) != chain:
            return Bad("chain of a block")
        if place.epoch is None:
            place.epoch = epoch
        if epoch > place.epoch:
            return Bad(f"epoch {epoch} was not begun by an EPOCH record")
        void = epoch < place.epoch
        records = np.frombuffer(self.data, HEADER, count, start * RECORD_BYTES)
        if not void:
            if position != place.position + count or not in_order(records["position"], place.position):
                return Bad(f"positions do not follow on {place.position}")
            place.position = position
        offset = place.offset_bytes
        place.chain = chain
        place.offset_bytes = (at + 1) * RECORD_BYTES
        raw = self._bytes(start, at + 1)
        return Block(position, digest, epoch, chain, records, raw, place.segment, offset, void)


def in_order(positions: npt.NDArray[np.uint64], before: int) -> bool:
    """Whether positions are `before + 1`, `before + 2` ... without a gap."""
    expected = np.arange(before + 1, before + 1 + len(positions), dtype=np.uint64)
    return bool(np.array_equal(positions, expected))
