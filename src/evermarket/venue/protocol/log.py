"""The journal in memory: frames by index, and where each epoch began.

Known gap: it holds whole frames. A core with a long day gives the node an object with the same methods over its files.
"""

from bisect import bisect_right
from collections.abc import Iterable

from evermarket.venue.protocol.frames import NO_CHAIN, Frame, Mark


class Log:
    """Frames 1 to `end`. Appending checks nothing: the caller has checked the chain."""

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        self._frames: list[Frame] = []
        self._marks: list[int] = []
        for frame in frames:
            self.append(frame)

    @property
    def end(self) -> int:
        """Index of the last frame, 0 if there is none."""
        return len(self._frames)

    @property
    def epoch(self) -> int:
        return self._frames[-1].epoch if self._frames else 0

    @property
    def owner(self) -> str:
        """Who began the last epoch."""
        frame = self._frames[self._marks[-1] - 1] if self._marks else None
        return frame.owner if isinstance(frame, Mark) else ""

    @property
    def time_ns(self) -> int:
        return self._frames[-1].time_ns if self._frames else 0

    @property
    def chain(self) -> bytes:
        return self._frames[-1].chain if self._frames else NO_CHAIN

    def frame(self, index: int) -> Frame:
        assert 1 <= index <= self.end, f"no frame {index} in a log of {self.end}"
        return self._frames[index - 1]

    def chain_at(self, index: int) -> bytes | None:
        """The chain after a frame; None beyond the end."""
        if index == 0:
            return NO_CHAIN
        return self._frames[index - 1].chain if 0 < index <= self.end else None

    def position_at(self, index: int) -> int:
        """The last position up to a frame."""
        return self._frames[index - 1].last if index else 0

    def between(self, after: int, upto: int) -> tuple[Frame, ...]:
        """Frames `after` + 1 to `upto`."""
        return tuple(self._frames[after:upto])

    def before_epoch_at(self, index: int) -> int:
        """The index before the mark that governs a frame: where an older epoch ends."""
        at = bisect_right(self._marks, min(index, self.end))
        return self._marks[at - 1] - 1 if at else 0

    def append(self, frame: Frame) -> None:
        self._frames.append(frame)
        if isinstance(frame, Mark):
            self._marks.append(self.end)

    def cut_after(self, index: int) -> tuple[Frame, ...]:
        """Take off what lies behind a frame; what was taken."""
        tail = tuple(self._frames[index:])
        del self._frames[index:]
        del self._marks[bisect_right(self._marks, index) :]
        return tail
