"""Step through the bytes of segments, frame by frame, checking everything that can be checked.

A step ends in a Block, an Epoch, `End` (the slot is zero, or the segment is full) or `Bad`. What follows from Bad
(wait, cut or stop) is decided by recovery and by the readers. Nothing is copied: blocks are views of the memory map.
"""

import mmap
import os
import struct
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
_EPOCH: Final = int(Kind.EPOCH)
_BLOCK: Final = int(Kind.BLOCK)
_LOOK_SLOTS: Final = 64
_LOOK_SLOTS_MAX: Final = 1 << 16
_POSITIONS: Final = [struct.Struct(f"<{'Q56x' * count}") for count in range(65)]
"""The positions of so few records; NumPy takes longer to begin than this to be done."""


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
        self._view = memoryview(self.data)
        self.kinds: npt.NDArray[np.uint8] = np.frombuffer(self.data, np.uint8)[_KIND_AT::RECORD_BYTES]
        self._frames: list[int] = []
        self._next, self._look = 0, _LOOK_SLOTS

    def step(self, place: Place) -> Step:
        """Check what stands at `place`; on a good frame `place` moves behind it."""
        start = place.offset_bytes // RECORD_BYTES
        kind = self.data[place.offset_bytes + _KIND_AT] if start < self.slots else 0
        if kind == 0:
            return END
        if kind == _EPOCH:
            return self._epoch(place)
        frame = self._next_frame(start)
        if frame is None:
            return Bad("records without a BLOCK record")
        kind = self.data[frame * RECORD_BYTES + _KIND_AT]
        if kind != _BLOCK:
            return Bad(f"kind {kind} where a record or a BLOCK record must stand")
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
                if count and start > bad and crc == block_crc(self._bytes(start, at), raw):
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
        return self._view[start * RECORD_BYTES : end * RECORD_BYTES]

    def _next_frame(self, start: int) -> int | None:
        """First slot from `start` on whose kind is a framing one; None if a zero slot or the end comes first.

        A walk comes by here once a block: one look finds the frames of many, and what it found stays true.
        """
        frames, at = self._frames, self._next
        while at < len(frames) and frames[at] < start:
            at += 1
        if at >= len(frames) or frames[at - 1] >= start:
            self._frames = frames = self._look_from(start)
            at = 0
        self._next = at + 1
        return frames[at] if frames else None

    def _look_from(self, start: int) -> list[int]:
        """The framing slots next to `start`, all those of a stretch without a zero slot; none if a zero slot or the end
        comes first. Looks further each time that a walk asks for more, no further than needed at the end of what is
        written."""
        while start < self.slots:
            kinds = self.kinds[start : start + self._look]
            hits = np.flatnonzero((kinds >= FIRST_FRAME) | (kinds == 0))
            empty = np.flatnonzero(kinds[hits] == 0)[:1]
            self._look = _LOOK_SLOTS if len(empty) else min(4 * self._look, _LOOK_SLOTS_MAX)
            if len(hits):
                found: list[int] = (start + (hits[: empty[0]] if len(empty) else hits)).tolist()
                return found
            start += len(kinds)
        return []

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
        if crc != block_crc(data, frame):
            return Bad("crc of a block")
        if place.chain is not None and next_chain(place.chain, data, frame) != chain:
            return Bad("chain of a block")
        if place.epoch is None:
            place.epoch = epoch
        if epoch > place.epoch:
            return Bad(f"epoch {epoch} was not begun by an EPOCH record")
        void = epoch < place.epoch
        if not void:
            if position != place.position + count or not in_order(data, count, place.position):
                return Bad(f"positions do not follow on {place.position}")
            place.position = position
        records = np.frombuffer(self.data, HEADER, count, start * RECORD_BYTES)
        offset = place.offset_bytes
        place.chain = chain
        place.offset_bytes = (at + 1) * RECORD_BYTES
        return Block(position, digest, epoch, chain, records, self._bytes(start, at + 1), place.segment, offset, void)


def in_order(records: memoryview, count: int, before: int) -> bool:
    """Whether the positions of so many records are `before + 1`, `before + 2` ... without a gap."""
    if count < len(_POSITIONS):
        return _POSITIONS[count].unpack(records) == tuple(range(before + 1, before + 1 + count))
    positions = np.frombuffer(records, HEADER)["position"]
    return bool(np.array_equal(positions, np.arange(before + 1, before + 1 + count, dtype=np.uint64)))
