"""The journal as a node sees it: of every frame its chain and position, of the last ones the frames themselves.

What has left memory is read again through the archive. A frame leaves memory only when it is synced, so whatever the
archive is asked for is on the disk. Cost: 40 bytes a frame for the day, and `records_kept_max` records.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from evermarket.records import HEADER, Records
from evermarket.records.raw import WHOLE
from evermarket.venue.protocol.archive import Archive, Positions
from evermarket.venue.protocol.frames import CHAIN_BYTES, NO_CHAIN, Block, Frame, Mark


class Log:
    """Frames 1 to `end`. Appending checks nothing: the caller has checked the chain."""

    def __init__(self, archive: Archive, records_kept_max: int) -> None:
        self._archive = archive
        self._records_kept_max = records_kept_max
        self._chains = bytearray()
        self._lasts = array("Q")
        self._marks: list[int] = []
        self._mark_frames: list[Mark] = []
        self._recent: list[Frame] = []
        self._recent_after = 0
        self._recent_records = 0
        self.time_ns = 0

    @property
    def end(self) -> int:
        """Index of the last frame, 0 if there is none."""
        return len(self._lasts)

    @property
    def epoch(self) -> int:
        return self._mark_frames[-1].epoch if self._marks else 0

    @property
    def owner(self) -> str:
        """Who began the last epoch."""
        return self._mark_frames[-1].owner if self._marks else ""

    @property
    def chain(self) -> bytes:
        return bytes(self._chains[-CHAIN_BYTES:]) if self._lasts else NO_CHAIN

    @property
    def position(self) -> int:
        """The last position."""
        return self._lasts[-1] if self._lasts else 0

    def frame(self, index: int) -> Frame:
        assert 1 <= index <= self.end, f"no frame {index} in a log of {self.end}"
        return self.between(index - 1, index)[0]

    def chain_at(self, index: int) -> bytes | None:
        """The chain after a frame; None beyond the end."""
        if index == 0:
            return NO_CHAIN
        if not 0 < index <= self.end:
            return None
        return bytes(self._chains[(index - 1) * CHAIN_BYTES : index * CHAIN_BYTES])

    def position_at(self, index: int) -> int:
        """The last position up to a frame."""
        return self._lasts[index - 1] if index else 0

    def frames_at(self, position: int) -> range:
        """Indexes of the frames that end at this position: a block, and marks behind it."""
        return range(bisect_left(self._lasts, position) + 1, bisect_right(self._lasts, position) + 1)

    def last_frame_at(self, position: int, epoch: int) -> int:
        """The last frame up to a position and an epoch; 0 if there is none."""
        upto = bisect_right(self._lasts, position)
        later = [index for index, mark in zip(self._marks, self._mark_frames, strict=True) if mark.epoch > epoch]
        return min([upto, *(index - 1 for index in later)])

    def between(self, after: int, upto: int) -> tuple[Frame, ...]:
        """Frames `after` + 1 to `upto`."""
        old = self._archive.frames(after, min(upto, self._recent_after)) if after < self._recent_after else ()
        start = max(after - self._recent_after, 0)
        return (*old, *self._recent[start : max(upto - self._recent_after, 0)])

    def upto_records(self, after: int, frames_max: int, records_max: int) -> int:
        """How far frames behind `after` go that are so few and hold so few records; one frame in any case."""
        upto = min(self.end, after + frames_max)
        return max(min(upto, bisect_right(self._lasts, self.position_at(after) + records_max)), min(after + 1, upto))

    def before_epoch_at(self, index: int) -> int:
        """The index before the mark that governs a frame: where an older epoch ends."""
        at = bisect_right(self._marks, min(index, self.end))
        return self._marks[at - 1] - 1 if at else 0

    def records_at(self, positions: Positions) -> Records:
        """The records at these growing positions, in one piece, with the header's fields."""
        old = int(np.searchsorted(positions, self.position_at(self._recent_after), side="right"))
        parts = [self._archive.records(positions[:old]).view(WHOLE)] if old else []
        while old < len(positions):
            at = bisect_right(self._lasts, int(positions[old]) - 1)
            block = self._recent[at - self._recent_after]
            assert isinstance(block, Block)
            upto = int(np.searchsorted(positions, block.last, side="right"))
            parts.append(block.records.view(WHOLE)[positions[old:upto] - block.first])
            old = upto
        return (np.concatenate(parts) if parts else np.zeros(0, WHOLE)).view(HEADER)

    def append(self, frame: Frame) -> None:
        self._chains += frame.chain
        self._lasts.append(frame.last)
        self._recent.append(frame)
        self.time_ns = frame.time_ns
        if isinstance(frame, Mark):
            self._marks.append(self.end)
            self._mark_frames.append(frame)
        else:
            self._recent_records += len(frame.records)

    def forget(self, synced: int) -> None:
        """Let go of old frames that are synced, as far as memory is to be had again; not one by one."""
        if self._recent_records <= self._records_kept_max:
            return
        gone = 0
        while self._recent_records > self._records_kept_max // 2 and self._recent_after + gone < synced:
            frame = self._recent[gone]
            self._recent_records -= len(frame.records) if isinstance(frame, Block) else 0
            gone += 1
        del self._recent[:gone]
        self._recent_after += gone

    def cut_after(self, index: int) -> Sequence[Frame]:
        """Take off what lies behind a frame; what was taken."""
        tail = self.between(index, self.end)
        self.time_ns = self.frame(index).time_ns if index else 0
        del self._chains[index * CHAIN_BYTES :]
        del self._lasts[index:]
        keep = bisect_right(self._marks, index)
        del self._marks[keep:], self._mark_frames[keep:]
        del self._recent[max(index - self._recent_after, 0) :]
        self._recent_after = min(self._recent_after, index)
        self._recent_records = sum(len(frame.records) for frame in self._recent if isinstance(frame, Block))
        return tail
