"""What a primary reads again of its journal: what a reader of the files sees, and no more than is asked for."""

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from evermarket.journal import DayFacts, Journal, JournalWriter
from evermarket.journal.frames import pack_block, pack_epoch
from evermarket.records import HEADER, RECORD_BYTES, Kind, Records, blank
from evermarket.venue.primary.disk import JournalArchive
from evermarket.venue.protocol.frames import Block, Frame

DAY = DayFacts(20_260_105)
OWNERS = {1: "P", 2: "T"}


def stream(first: int, count: int) -> Records:
    rows = blank(Kind.NEW, count).view(HEADER)
    rows["position"] = np.arange(first, first + count, dtype=np.uint64)
    rows["time"] = 1_000 * first
    return rows


def write(folder: Path, sizes: list[int], segment_bytes: int) -> None:
    """Blocks of these sizes, each third one behind a new epoch."""
    with JournalWriter.create(folder, DAY, segment_bytes=segment_bytes, background=False) as writer:
        for number, size in enumerate(sizes):
            if number % 3 == 0:
                writer.begin_epoch(1 + number, owner=1 + number % 2, make=1, time=number)
            writer.append(stream(writer.position + 1, size), number)
        writer.sync()


def add_void_block(folder: Path) -> None:
    """A block and an EPOCH record of an epoch that is over, then a good block, in the last segment."""
    journal = Journal.open(folder)
    last, number = list(journal.frames())[-1], journal.segments[-1]
    end = last.offset_bytes + len(bytes(last.raw))
    position, chain = last.position, last.chain
    old, chain = pack_epoch(position=position, time=1, make=1, epoch=1, owner=2, trading_day=20_260_105, chain=chain)
    raw = old
    for epoch in (1, last.epoch):
        rows = stream(position + 1, 2).tobytes()
        seal, chain = pack_block(rows, 2, position + 2, 7, epoch, chain)
        raw += rows + seal
    path = folder / f"{number:08}.seg"
    data = bytearray(path.read_bytes())
    data[end : end + len(raw)] = raw
    path.write_bytes(data)


def facts(frame: Frame) -> tuple[object, ...]:
    own = frame.records.tobytes() if isinstance(frame, Block) else frame.owner
    return frame.epoch, frame.last, frame.time_ns, frame.seal, own


def expected(folder: Path) -> list[tuple[object, ...]]:
    """The same of the journal's own reader, which checks everything."""
    found = []
    for frame in Journal.open(folder).frames():
        is_block = hasattr(frame, "records")
        own = frame.records.tobytes() if is_block else OWNERS[frame.owner]
        time_ns = int(frame.records["time"][0]) if is_block else frame.time
        found.append((frame.epoch, frame.position, time_ns, bytes(frame.raw[-RECORD_BYTES:]), own))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_an_archive_has_the_frames_of_the_journal_in_any_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    write(tmp_path, [chance.choice([1, 2, 5, 63, 64, 65, 300]) for _ in range(60)], 65_536)
    add_void_block(tmp_path)
    frames, archive = expected(tmp_path), JournalArchive(tmp_path, OWNERS)
    assert len(Journal.open(tmp_path).segments) > 3
    assert [facts(frame) for frame in archive.begin()] == frames
    for _ in range(200):
        after = chance.randrange(len(frames))
        upto = min(len(frames), after + chance.randrange(1, 4))
        assert [facts(frame) for frame in archive.frames(after, upto)] == frames[after:upto]


def test_one_old_frame_costs_no_more_than_itself(tmp_path: Path) -> None:
    """A slice of a memory map is a copy: the rest of a segment was one for each frame, 30 ms in which nothing moved."""
    write(tmp_path, [2] * 300, 16 << 20)
    archive = JournalArchive(tmp_path, OWNERS)
    frames = list(archive.begin())
    archive.frames(0, 1)
    tracemalloc.start()
    try:
        archive.frames(10, 11)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert len(frames) == 400
