"""The disk of a node: its actions done in order on a thread of their own, and the journal's frames read back by index.

Rule 9: after the first action that fails nothing more is done. Where each frame lies is kept in two words a frame.
"""

import queue
import struct
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from evermarket.journal import Journal, JournalWriter
from evermarket.journal.frames import BLOCK_STRUCT, EPOCH_STRUCT
from evermarket.journal.scan import SegmentMap
from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.records.kinds import FIRST_FRAME, Kind
from evermarket.records.layout import BLOCK
from evermarket.records.raw import WHOLE
from evermarket.venue.protocol.actions import Append, CutTail, DiskAction, Promise, SideFile, Sync
from evermarket.venue.protocol.archive import Positions
from evermarket.venue.protocol.events import DiskFailed, Promised, Synced
from evermarket.venue.protocol.frames import Block, Frame, Mark

Answer = Synced | Promised | DiskFailed
_TIME: Final = struct.Struct("<8xq")
_EPOCH: Final = int(Kind.EPOCH)


class Places:
    """Where each frame of the journal lies, by its index from 1."""

    def __init__(self) -> None:
        self.segments = array("I")
        self.offsets = array("Q")
        self.lasts = array("Q")

    def put(self, segment: int, offset_bytes: int, last: int) -> None:
        self.segments.append(segment)
        self.offsets.append(offset_bytes)
        self.lasts.append(last)

    def put_segment(self, view: SegmentMap, epoch: int) -> int:
        """All frames of a segment that is known to be whole, but for void ones: those of an epoch below one before
        them. `epoch`: the highest before this segment; returns the highest in it."""
        ends = np.flatnonzero(view.kinds[1:] >= FIRST_FRAME) + 1
        seals = np.frombuffer(view.data, BLOCK)[ends]
        highest = np.maximum.accumulate(np.concatenate([[epoch], seals["epoch"]]))
        kept = seals["epoch"] >= highest[1:]
        offsets = (np.concatenate([[0], ends[:-1]]) + 1) * RECORD_BYTES
        self.segments.extend([view.number] * int(kept.sum()))
        self.offsets.frombytes(offsets[kept].astype(np.uint64).tobytes())
        self.lasts.frombytes(seals["position"][kept].astype(np.uint64).tobytes())
        return int(highest[-1])


class JournalArchive:
    """What a node may read again, from the files. `owners` names cores by their number in EPOCH records."""

    def __init__(self, folder: Path, owners: dict[int, str]) -> None:
        self.places = Places()
        self._folder = folder
        self._owners = owners
        self._journal: Journal | None = None

    def begin(self) -> Iterator[Frame]:
        """Every frame of the journal, which recovery has just checked; takes down where each one lies."""
        journal, epoch = Journal.open(self._folder), 0
        self._journal = journal
        for number in journal.segments:
            known = len(self.places.lasts)
            epoch = self.places.put_segment(journal.segment(number), epoch)
            yield from map(self._read, range(known + 1, len(self.places.lasts) + 1))

    def frames(self, after: int, upto: int) -> Sequence[Frame]:
        return [self._read(index) for index in range(after + 1, upto + 1)]

    def records(self, positions: Positions) -> Records:
        parts, at, lasts = [], 0, self.places.lasts
        while at < len(positions):
            index = int(np.searchsorted(lasts, positions[at])) + 1
            block = self._read(index)
            assert isinstance(block, Block)
            upto = int(np.searchsorted(positions, block.last, side="right"))
            parts.append(block.records.view(WHOLE)[positions[at:upto] - block.first])
            at = upto
        return (np.concatenate(parts) if parts else np.zeros(0, WHOLE)).view(HEADER)

    def _read(self, index: int) -> Frame:
        """A frame as it lies on the disk; a memory map, so what a block's records show costs no copy."""
        journal = self._journal or Journal.open(self._folder)
        self._journal = journal
        view = journal.segment(self.places.segments[index - 1]).data
        offset, last = self.places.offsets[index - 1], self.places.lasts[index - 1]
        before = self.places.lasts[index - 2] if index > 1 else 0
        seal = view[offset : offset + RECORD_BYTES]
        if seal[16] == _EPOCH:
            position, time, _, _, epoch, owner, _, _ = EPOCH_STRUCT.unpack(seal)
            return Mark(epoch, position, time, self._owners[owner], seal)
        count = last - before
        end = offset + count * RECORD_BYTES
        seal = view[end : end + RECORD_BYTES]
        _, digest, _, epoch, _, _, _ = BLOCK_STRUCT.unpack(seal)
        (time_ns,) = _TIME.unpack_from(view, offset)
        return Block(epoch, before + 1, last, time_ns, digest, np.frombuffer(view, HEADER, count, offset), seal)


class Disk:
    """One thread that writes. `answer` is called on it with what the node is to be stepped with."""

    def __init__(self, writer: JournalWriter, places: Places, answer: Callable[[Answer], None]) -> None:
        self.writer = writer
        self._places = places
        self._answer = answer
        self._queue: queue.SimpleQueue[DiskAction | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._thread.start()

    def do(self, action: DiskAction) -> None:
        self._queue.put(action)

    def close(self) -> None:
        """Do what is left, then release the journal."""
        self._queue.put(None)
        self._thread.join()
        self.writer.close()

    def _run(self) -> None:
        while (action := self._queue.get()) is not None:
            try:
                self._perform(action)
            except Exception as error:  # whatever it is, it is final (rule 9)
                self._answer(DiskFailed(f"{type(error).__name__}: {error}"))
                return

    def _perform(self, action: DiskAction) -> None:
        match action:
            case Append(frames):
                for frame in frames:
                    records = frame.records if isinstance(frame, Block) else None
                    segment, offset_bytes = self.writer.append_sealed(records, frame.seal)
                    self._places.put(segment, offset_bytes, frame.last)
            case Sync(index, chain):
                self.writer.sync()
                self._answer(Synced(index, chain))
            case Promise(epoch):
                self.writer.promise(epoch)
                self._answer(Promised(epoch))
            case SideFile() | CutTail():
                raise NotImplementedError("this core cannot give up a part of its journal; it needs a person")
