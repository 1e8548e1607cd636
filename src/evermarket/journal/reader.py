"""Read a journal, also while it is being written: blocks, records, commands, the tail as it grows.

A reader takes no lock and changes nothing. Arrays are read-only views of the segment files (no copy) and stay valid as
long as somebody holds them. A block is handed out only after its crc, its chain and its positions are checked, so half
a block is never seen; that it is whole does not mean that it is synced: whoever publishes waits for the writer's word.
"""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from evermarket.journal.errors import JournalDamaged, JournalMissing
from evermarket.journal.frames import Block, DayFacts, Epoch, chosen, joined
from evermarket.journal.recovery import Report, survey
from evermarket.journal.scan import Bad, Place, SegmentMap
from evermarket.journal.segment import list_segments, segment_name
from evermarket.records import HEADER, LAYOUT, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import FIRST_EVENT, FIRST_FRAME

if TYPE_CHECKING:
    import polars


class Cursor:
    """A walk over frames that can be continued when more has been written. Errors: JournalDamaged."""

    def __init__(self, journal: "Journal", place: Place) -> None:
        self._journal = journal
        self.place = place
        self._doubt = -1

    def next(self) -> Block | Epoch | None:
        """The next whole good frame that is not void, or None: nothing more yet."""
        while True:
            view = self._journal.segment(self.place.segment)
            step = view.step(self.place)
            if not isinstance(step, Block | Epoch) and (more := self._journal.has_segment(self.place.segment + 1)):
                step = view.step(self.place)  # what the next segment follows on may have come meanwhile
            if isinstance(step, Block | Epoch):
                self._doubt = -1
                if not step.void:
                    return step
            elif more:
                self._turn_page(step, view)
            elif isinstance(step, Bad):
                self._suspect(step, view)
                return None
            else:
                return None

    def _turn_page(self, step: object, view: SegmentMap) -> None:
        later = self._journal.segment(self.place.segment + 1)
        if later.head.position != self.place.position:
            raise JournalDamaged(
                step.reason if isinstance(step, Bad) else "zeros where records must be",
                segment=view.number,
                offset_bytes=self.place.offset_bytes,
                position=self.place.position,
                position_behind=later.head.position,
            )
        self.place.segment, self.place.offset_bytes = later.number, RECORD_BYTES

    def _suspect(self, bad: Bad, view: SegmentMap) -> None:
        """Half a block may be on its way. Still bad at the next look, and a good one behind it: damage."""
        at = self.place.offset_bytes
        if self._doubt != at:
            self._doubt = at
            return
        behind = view.good_behind(at)
        if behind is not None and isinstance(again := view.step(self.place), Bad):
            raise JournalDamaged(
                again.reason,
                segment=view.number,
                offset_bytes=at,
                position=self.place.position,
                position_behind=behind,
            )


class Journal:
    """A journal opened for reading: `Journal.open(folder)`, or one segment file of it."""

    def __init__(self, folder: Path, only: int | None) -> None:
        self.folder = folder
        self._only = only
        self._maps: dict[int, SegmentMap] = {}
        self._tail: Cursor | None = None

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Errors: JournalMissing, JournalDamaged (a header), JournalVersion."""
        path = Path(path)
        only = int(path.name[:8]) if path.is_file() and path.name[:8].isdigit() and path.suffix == ".seg" else None
        journal = cls(path.parent if only is not None else path, only)
        journal.segment(journal.segments[0])
        return journal

    # --- shape --------------------------------------------------------------------------------------------------

    @property
    def segments(self) -> list[int]:
        """Numbers of the segments, ascending, as they are now."""
        numbers = list_segments(self.folder) if self._only is None else [self._only]
        if not numbers:
            raise JournalMissing(f"no segment in {self.folder}")
        return numbers

    @property
    def day(self) -> DayFacts:
        return self.segment(self.segments[0]).head.day

    def segment(self, number: int) -> SegmentMap:
        if number not in self._maps:
            self._maps[number] = SegmentMap(self.folder, number)
        return self._maps[number]

    def has_segment(self, number: int) -> bool:
        return self._only is None and (number in self._maps or (self.folder / segment_name(number)).exists())

    # --- frames -------------------------------------------------------------------------------------------------

    def cursor(self, from_position: int = 1) -> Cursor:
        """A cursor at the segment that holds `from_position` (it begins with blocks before it). From the first segment
        on everything is checked; from a later one the chain and the epoch of its first frame are taken as given."""
        numbers = self.segments
        starts = [self.segment(number).head.position for number in numbers]
        at = max(0, bisect_right(starts, max(0, from_position - 1)) - 1)
        if numbers[at] == 1:
            return Cursor(self, Place(1))
        return Cursor(self, Place(numbers[at], position=starts[at], epoch=None, chain=None))

    def frames(self, from_position: int = 1) -> Iterator[Block | Epoch]:
        """Blocks and EPOCH records from the block that holds `from_position` on: what a follower is sent."""
        cursor = self.cursor(from_position)
        while (frame := cursor.next() or cursor.next()) is not None:
            if frame.position >= from_position or (isinstance(frame, Epoch) and frame.position == from_position - 1):
                yield frame

    def blocks(self, from_position: int = 1) -> Iterator[Block]:
        return (frame for frame in self.frames(from_position) if isinstance(frame, Block))

    def epochs(self) -> list[Epoch]:
        return [frame for frame in self.frames() if isinstance(frame, Epoch)]

    def follow(self, from_position: int = 1) -> list[Block]:
        """What has come since the last call (at the first call: from `from_position` on). Never half a block."""
        if self._tail is None:
            self._tail = self.cursor(from_position)
        fresh: list[Block] = []
        while (frame := self._tail.next()) is not None:
            if isinstance(frame, Block) and frame.position >= from_position:
                fresh.append(frame)
        return fresh

    # --- records ------------------------------------------------------------------------------------------------

    def records(self, from_position: int = 1, to_position: int | None = None) -> Iterator[Records]:
        """Records of positions `from_position` to `to_position` (both included), an array for each block, no copy."""
        for block in self.blocks(from_position):
            low = max(0, from_position - block.first)
            high = block.count if to_position is None else min(block.count, to_position - block.first + 1)
            if high > low:
                yield block.records[low:high]
            if to_position is not None and block.position >= to_position:
                return

    def between(self, from_time: int, to_time: int) -> Iterator[Records]:
        """Records with `from_time` <= time < `to_time`, ns since 1970, an array for each block, no copy."""
        for block in self.blocks(self._position_near(from_time)):
            times = block.records["time"]
            low, high = np.searchsorted(times, [from_time, to_time]).tolist()
            if high > low:
                yield block.records[low:high]
            if times[-1] >= to_time:
                return

    def commands(self, from_position: int = 1) -> Iterator[Records]:
        """The commands alone, TEXT records of runs included, an array (a copy) for each block: what a core replays."""
        for rows in self.records(from_position):
            commands = chosen(rows, rows["kind"] < FIRST_EVENT)
            if len(commands):
                yield commands

    def array(self, kind: Kind | None = None, from_position: int = 1, to_position: int | None = None) -> Records:
        """All records of the range as one array (a copy), or those of one kind with that kind's fields."""
        parts = list(self.records(from_position, to_position))
        if kind is None:
            return joined(parts, HEADER)
        return joined([chosen(rows, rows["kind"] == kind) for rows in parts], LAYOUT[kind])

    def frame(self, kind: Kind, *, zone: str = "Asia/Taipei") -> "polars.DataFrame":
        """The records of one kind as a Polars frame; see `tables.frame`."""
        from evermarket.journal.tables import frame

        return frame(self.array(kind), kind, trading_day=self.day.trading_day, zone=zone)

    def verify(self) -> Report:
        """Walk everything, crc and chain too; damage and a torn tail are in the report."""
        return survey(self.folder, self._only).report

    def close(self) -> None:
        """Forget the maps; arrays that are still held keep theirs alive."""
        self._maps.clear()
        self._tail = None

    def _position_near(self, time: int) -> int:
        """A position at or before the first record with this time, by the first record of each segment."""
        numbers = self.segments
        for number in reversed(numbers[1:]):
            view = self.segment(number)
            rows = np.frombuffer(view.data, HEADER, 3)[1:]  # an EPOCH record may come first
            rows = rows[(rows["kind"] > 0) & (rows["kind"] < FIRST_FRAME)]
            if len(rows) and rows["time"][0] < time:
                return int(view.head.position) + 1
        return self.segment(numbers[0]).head.position + 1
