"""Readers: ranges, times, commands, frames, and the tail of a journal that is being written."""

import os
import threading
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_days import DAY, OPEN_NS, batch, write_day

from evermarket.journal import Block, Journal, JournalDamaged, JournalWriter
from evermarket.journal.describe import as_dict, as_line
from evermarket.journal.frames import pack_block, pack_epoch
from evermarket.journal.scan import Place
from evermarket.records import HEADER, NO_PRICE, Kind, blank
from evermarket.records.codes import Code

SIZES = [5, 700, 1, 900, 1_000, 40]
WHOLE = sum(SIZES)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    write_day(folder, SIZES)
    return folder


@settings(max_examples=60, deadline=None)
@given(low=st.integers(1, WHOLE + 3), length=st.integers(0, WHOLE))
def test_any_range_of_positions(day: Path, low: int, length: int) -> None:
    rows = Journal.open(day).array(from_position=low, to_position=low + length - 1)
    expected = batch(low, max(0, min(length, WHOLE - low + 1)))
    assert rows.tobytes() == expected.tobytes()


@settings(max_examples=60, deadline=None)
@given(low=st.integers(0, WHOLE + 3), length=st.integers(0, WHOLE))
def test_any_range_of_times(day: Path, low: int, length: int) -> None:
    parts = list(Journal.open(day).between(OPEN_NS + low * 1_000, OPEN_NS + (low + length) * 1_000))
    positions = [position for part in parts for position in part["position"].tolist()]
    assert positions == [at for at in range(low, low + length) if 1 <= at <= WHOLE]


def test_a_frame_is_the_same_wherever_the_walk_before_it_went(tmp_path: Path) -> None:
    """Several cursors share what one look into a segment found; each may stand anywhere in it."""
    write_day(tmp_path, [1, 1, 70, 2, 300, 1, 1, 64, 200, 3] * 3)
    frames = list(Journal.open(tmp_path).frames())
    random, shared = np.random.default_rng(3), Journal.open(tmp_path)
    for at in random.integers(0, len(frames), 400).tolist():
        before = frames[at - 1] if at else None
        if before is not None and before.segment != frames[at].segment:
            continue
        place = Place(frames[at].segment, frames[at].offset_bytes, epoch=None, chain=None)
        place.position = before.position if before is not None else 0
        step = shared.segment(place.segment).step(place)
        assert bytes(step.raw) == bytes(frames[at].raw), at


def test_commands_are_whole_records_and_nothing_else(day: Path) -> None:
    rows = np.concatenate([part.view("V64") for part in Journal.open(day).commands()])
    everything = batch(1, WHOLE).view("V64")
    assert rows.tobytes() == everything[::2].tobytes()


def test_texts_of_a_run_are_commands(tmp_path: Path) -> None:
    rows = np.concatenate([blank(kind).view("V64") for kind in (Kind.ANNOUNCE, Kind.TEXT, Kind.TEXT, Kind.ANNOUNCED)])
    run = rows.view(HEADER)
    run["position"] = [1, 2, 3, 4]
    with JournalWriter.create(tmp_path, DAY, segment_bytes=65_536, background=False) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        writer.commit(run, 0)
    (commands,) = Journal.open(tmp_path).commands()
    assert commands["kind"].tolist() == [Kind.ANNOUNCE, Kind.TEXT, Kind.TEXT]


def test_records_are_views_that_outlive_the_journal(day: Path) -> None:
    journal = Journal.open(day)
    first = next(journal.records())
    assert not first.flags.writeable
    assert first.base is not None
    journal.close()
    assert first.tobytes() == batch(1, 5).tobytes()


class ByPieces:
    """`os`, but a write arrives in pieces, and somebody looks after each."""

    def __init__(self, look: Any) -> None:
        self.look = look

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def pwritev(self, fd: int, buffers: Sequence[Any], offset: int, /) -> int:
        data = b"".join(bytes(memoryview(buffer).cast("B")) for buffer in buffers)
        for at in range(0, len(data), 41):
            self.look()
            os.pwrite(fd, data[at : at + 41], offset + at)
        return len(data)


def test_a_reader_beside_the_writer_never_sees_half_a_block(tmp_path: Path) -> None:
    seen: list[Block] = []
    written: list[int] = [0]
    looks = [0]

    def look() -> None:
        if reader is not None:
            looks[0] += 1
            seen.extend(reader.follow())
            assert (seen[-1].position if seen else 0) == written[-1]

    reader: Journal | None = None
    files: Any = ByPieces(look)
    with JournalWriter.create(tmp_path, DAY, segment_bytes=65_536, files=files, background=False) as writer:
        reader = Journal.open(tmp_path)
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for size in (1, 30, 600, 500, 2):
            writer.append(batch(writer.position + 1, size), 0)
            written.append(writer.position)
        look()
    assert looks[0] > 1_000
    assert [block.position for block in seen] == written[1:]
    assert b"".join(block.records.tobytes() for block in seen) == batch(1, 1_133).tobytes()


def test_a_reader_in_another_thread_sees_every_block_once(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path, DAY, segment_bytes=65_536)
    reader = Journal.open(tmp_path)

    def write() -> None:
        with writer:
            writer.begin_epoch(1, owner=1, make=1, time=1)
            for turn in range(300):
                writer.append(batch(writer.position + 1, 1 + turn * 37 % 90), 0)

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[Block] = []
    while thread.is_alive():
        seen.extend(reader.follow())
    thread.join()
    seen.extend(reader.follow())
    assert len(seen) == 300
    assert b"".join(block.records.tobytes() for block in seen) == batch(1, seen[-1].position).tobytes()


def test_a_reader_stops_at_damage_and_does_not_step_over_it(tmp_path: Path) -> None:
    write_day(tmp_path, [3, 3, 3])
    path = tmp_path / "00000001.seg"
    data = bytearray(path.read_bytes())
    data[128 + 4 * 64 + 30] ^= 1
    path.write_bytes(data)
    journal = Journal.open(tmp_path)
    assert [block.position for block in journal.follow()] == [3]
    with pytest.raises(JournalDamaged, match=r"offset 384: crc of a block; good up to position 3, good again at .* 9"):
        journal.follow()
    with pytest.raises(JournalDamaged):
        list(Journal.open(tmp_path).blocks())


def test_a_block_of_a_lower_epoch_is_void(tmp_path: Path) -> None:
    """A journal that a fenced writer got at: its block is in the chain but not in the stream."""
    write_day(tmp_path, [3])
    path = tmp_path / "00000001.seg"
    data = bytearray(path.read_bytes())
    chain, at = bytes(data[352:384]), 384

    def put(raw: bytes) -> None:
        nonlocal at
        data[at : at + len(raw)] = raw
        at += len(raw)

    frame, chain = pack_epoch(position=3, time=1, make=2, epoch=2, owner=2, trading_day=20261120, chain=chain)
    put(frame)
    for epoch in (1, 2):
        rows = batch(4, 2)
        frame, chain = pack_block(rows.tobytes(), 2, 5, epoch, epoch, chain)
        put(rows.tobytes() + frame)
    path.write_bytes(data)
    report = Journal.open(tmp_path).verify()
    assert (report.blocks, report.void_blocks, report.records, report.digest) == (2, 1, 5, 2)
    assert [block.epoch for block in Journal.open(tmp_path).blocks()] == [1, 2]
    with JournalWriter.open(tmp_path, background=False) as writer:
        assert (writer.position, writer.epoch) == (5, 2)


def test_a_frame_is_tidy(day: Path) -> None:
    frame = Journal.open(day).frame(Kind.NEW)
    assert frame.height == WHOLE // 2
    assert frame.schema["ts"] == pl.Datetime("ns", "Asia/Taipei")
    row = frame.row(1, named=True)
    assert (row["position"], row["price"], row["side"], row["tif"], row["segment"]) == (
        3,
        Decimal("40.6030"),
        "BUY",
        "ROD",
        "REGULAR",
    )
    assert (row["category"], row["open_close"], row["trading_day"]) == (None, None, date(2026, 11, 20))
    assert Journal.open(day).frame(Kind.CLOSED).height == 0


def test_every_kind_has_a_frame_and_words(tmp_path: Path) -> None:
    kinds = [kind for kind in Kind if kind not in (Kind.BLOCK, Kind.EPOCH, Kind.SEGMENT, Kind.LEVEL_CHANGED)]
    random = np.random.default_rng(5)
    with JournalWriter.create(tmp_path, DAY, segment_bytes=65_536, background=False) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for kind in kinds:
            rows = random.integers(0, 256, (20, 64), dtype=np.uint8).reshape(-1).view(HEADER)
            rows["kind"] = kind
            rows["position"] = np.arange(writer.position + 1, writer.position + 21)
            writer.append(rows, 0)
    journal = Journal.open(tmp_path)
    for kind in kinds:
        assert journal.frame(kind).height == 20, kind.name
    for row in journal.array():
        assert as_dict(row)["kind"] in as_line(row)


def test_words_for_what_is_absent() -> None:
    (row,) = blank(Kind.REJECTED)
    row["code"], row["value"], row["bound"], row["command"] = Code.PRICE_TICK, 4_061, NO_PRICE, Kind.NEW
    words = as_dict(row)
    assert (words["code"], words["bound"], words["command"], words["time"]) == ("PRICE_TICK", None, "NEW", None)
    assert as_line(row).split() == ["0", "-", "REJECTED", "code=PRICE_TICK", "value=4061", "command=NEW"]
