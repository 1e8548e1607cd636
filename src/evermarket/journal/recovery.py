"""Open a journal after whatever happened: find the last good block, cut a torn tail, stop at damage.

Rule: only the end of the last segment can be torn, because a segment is synced whole before the next one gets its name.
There, what is no whole good frame and has no good one behind it is cut: kept in a side file, zeroed, synced, reported.
Everywhere else, and with a good frame behind it, it is damage (JournalDamaged): never skipped, never repaired here.

A power loss may keep the later and lose the earlier of several blocks that were written without a sync between them.
That reads as damage although nothing acknowledged is lost; a writer that must come back alone keeps one block
in flight.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from evermarket.journal.errors import JournalDamaged, JournalMissing
from evermarket.journal.files import OS_FILES, Files, sync_folder, write_all, write_new
from evermarket.journal.frames import Block, DayFacts, Epoch
from evermarket.journal.scan import Bad, End, Place, SegmentMap
from evermarket.journal.segment import fill_zeros, list_segments, segment_name
from evermarket.records import RECORD_BYTES
from evermarket.records.kinds import FIRST_FRAME

_STEP_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Cut:
    """What was (or, by a reader, would be) taken off the end. `records`: its slots
    that are neither zero nor framing: within one of the truth when one byte is wrong."""

    segment: int
    offset_bytes: int
    size_bytes: int
    records: int
    position: int
    reason: str
    side_file: str | None = None


@dataclass(slots=True)
class Report:
    """What a walk over a whole journal found."""

    day: DayFacts
    segments: int = 0
    blocks: int = 0
    records: int = 0
    void_blocks: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    position: int = 0
    epoch: int = 0
    digest: int = 0
    chain: bytes = b""
    cut: Cut | None = None
    damage: JournalDamaged | None = None


@dataclass(slots=True)
class Recovered:
    """A report and the place where the next frame goes."""

    report: Report
    place: Place
    last: SegmentMap


def walk(folder: Path, place: Place, only: int | None = None) -> Iterator[SegmentMap | Block | Epoch | Cut]:
    """All segments from `place.segment` on, each followed by its frames, then the torn tail if there is one.

    `only`: that segment alone. Changes nothing on disk. Errors: JournalMissing, JournalDamaged, JournalVersion.
    """
    numbers = [number for number in list_segments(folder) if number >= place.segment and only in (None, number)]
    if not numbers:
        raise JournalMissing(f"no segment in {folder}")
    first: DayFacts | None = None
    for number in range(place.segment, numbers[-1] + 1):
        if number not in numbers:
            raise JournalDamaged("the file is missing", segment=number, offset_bytes=0, position=place.position)
        view = SegmentMap(folder, number, place.position)
        first = first or view.head.day
        _check_head(view, place, first)
        place.segment, place.offset_bytes = number, RECORD_BYTES
        yield view
        while not isinstance(step := view.step(place), End | Bad):
            yield step
        cut = _tail(view, place, step)
        if cut is not None and number != numbers[-1]:
            raise _damaged(cut, SegmentMap(folder, number + 1, place.position).head.position)
        if cut is not None:
            behind = view.good_behind(place.offset_bytes)
            if behind is not None:
                raise _damaged(cut, behind)
            yield cut


def recover(folder: Path, files: Files = OS_FILES) -> Recovered:
    """Open for writing: cut the tail if it is torn. Errors as `walk`, and OSError if the cut cannot be made safe."""
    found = survey(folder)
    report = found.report
    if report.damage is not None:
        raise report.damage
    if report.cut is not None:
        report.cut = _cut_away(folder, found.last, report.cut, files)
    _write_again(folder, found, files)
    return found


def survey(folder: Path, only: int | None = None) -> Recovered:
    """Walk the whole journal (or one segment of it, taking what is before it as given) and report; changes nothing.

    Damage is in the report. Errors: JournalMissing, JournalVersion, JournalDamaged if even the first header is bad.
    """
    place = Place(1)
    if only is not None:
        place = Place(only, position=SegmentMap(folder, only).head.position, epoch=None, chain=None)
    report = Report(DayFacts(0))
    last: SegmentMap | None = None
    try:
        for item in walk(folder, place, only):
            if isinstance(item, SegmentMap):
                last = item
                report.day = item.head.day
                report.segments += 1
            elif isinstance(item, Cut):
                report.cut = item
            else:
                _count(report, item)
    except JournalDamaged as damage:
        if last is None:
            raise
        report.damage = damage
    assert last is not None
    report.position, report.epoch, report.chain = place.position, place.epoch or 0, place.chain or b""
    return Recovered(report, place, last)


def cut_after(folder: Path, position: int, files: Files = OS_FILES) -> list[Cut]:
    """Take off everything behind the block that ends at `position`, EPOCH records too (rule 8: the tail of a core that
    was not released). Kept in side files. The caller holds no writer. Errors: ValueError if no block ends there;
    JournalDamaged before `position`; OSError. A call that was cut short can be repeated.
    """
    place, view = _walk_to(folder, position)
    cuts = []
    for number in reversed([n for n in list_segments(folder) if n > view.number]):
        later = SegmentMap(folder, number, position)
        end = later.used_end(RECORD_BYTES)
        cut = _cut_of(later, position, RECORD_BYTES, end, "behind the position asked for")
        cuts.append(_keep(folder, later, cut, files))
        files.unlink(str(folder / segment_name(number)))
        sync_folder(files, str(folder))
    end = view.used_end(place.offset_bytes)
    if end > place.offset_bytes:
        cut = _cut_of(view, position, place.offset_bytes, end, "behind the position asked for")
        cuts.append(_cut_away(folder, view, cut, files))
    return cuts[::-1]


def _walk_to(folder: Path, position: int) -> tuple[Place, SegmentMap]:
    place = Place(1)
    view: SegmentMap | None = None
    for item in walk(folder, place):
        if isinstance(item, SegmentMap):
            view = item
        if view is not None and place.position == position and not isinstance(item, Epoch | Cut):
            return place, view
    raise ValueError(f"no block ends at position {position}")


def _write_again(folder: Path, found: Recovered, files: Files) -> None:
    """Make what was read durable. Pages of a failed sync look clean and whole in memory while the disk lacks them, so
    a sync alone proves nothing: the used part of the last segment is written again, byte for byte, and then synced.
    """
    end = found.place.offset_bytes
    fd = files.open(str(folder / segment_name(found.last.number)), os.O_RDWR)
    try:
        for offset in range(0, end, _STEP_BYTES):
            part = found.last.data[offset : min(offset + _STEP_BYTES, end)]
            write_all(files, fd, [part], offset, len(part))
        files.fdatasync(fd)
    finally:
        files.close(fd)


def _check_head(view: SegmentMap, place: Place, day: DayFacts) -> None:
    wrong = ""
    if view.head.position != place.position:
        wrong = f"its header says that {view.head.position} was the last position before it"
    elif view.head.day != day:
        wrong = f"its header tells {view.head.day}, the first one {day}"
    if wrong:
        raise JournalDamaged(
            wrong, segment=view.number, offset_bytes=0, position=place.position, position_behind=view.head.position
        )


def _count(report: Report, item: Block | Epoch) -> None:
    if isinstance(item, Epoch):
        report.epochs.append(item)
    elif item.void:
        report.void_blocks += 1
    else:
        report.blocks += 1
        report.records += item.count
        report.digest = item.digest


def _tail(view: SegmentMap, place: Place, step: End | Bad) -> Cut | None:
    end = view.used_end(place.offset_bytes)
    if end == place.offset_bytes:
        return None
    reason = step.reason if isinstance(step, Bad) else "bytes behind the end"
    return _cut_of(view, place.position, place.offset_bytes, end, reason)


def _cut_of(view: SegmentMap, position: int, start: int, end: int, reason: str) -> Cut:
    slots = np.frombuffer(view.data, np.uint8, end - start, start).reshape(-1, RECORD_BYTES)
    records = slots.any(axis=1) & (view.kinds[start // RECORD_BYTES : end // RECORD_BYTES] < FIRST_FRAME)
    return Cut(view.number, start, end - start, int(np.count_nonzero(records)), position, reason)


def _damaged(cut: Cut, behind: int) -> JournalDamaged:
    return JournalDamaged(
        cut.reason,
        segment=cut.segment,
        offset_bytes=cut.offset_bytes,
        position=cut.position,
        position_behind=behind,
    )


def _keep(folder: Path, view: SegmentMap, cut: Cut, files: Files) -> Cut:
    """Write the bytes of a cut into a side file whose name says the position before them."""
    stem = f"cut-{cut.position:020d}-{cut.segment:08d}"
    turn = 1
    while (folder / f"{stem}-{turn}.bin").exists():
        turn += 1
    name = f"{stem}-{turn}.bin"
    data = view.data[cut.offset_bytes : cut.offset_bytes + cut.size_bytes]
    write_new(files, str(folder / name), [data])
    return Cut(cut.segment, cut.offset_bytes, cut.size_bytes, cut.records, cut.position, cut.reason, name)


def _cut_away(folder: Path, view: SegmentMap, cut: Cut, files: Files) -> Cut:
    kept = _keep(folder, view, cut, files)
    fd = files.open(str(folder / segment_name(view.number)), os.O_RDWR)
    try:
        fill_zeros(files, fd, cut.offset_bytes, cut.size_bytes)
    finally:
        files.close(fd)
    return kept
