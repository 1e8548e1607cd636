"""The bytes of a journal, against docs/format.md, section 8, written down again here without the code under test."""

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_days import DAY, OPEN_NS, batch, write_day

from evermarket.journal import Journal, JournalDamaged, JournalVersion, JournalWriter
from evermarket.journal.frames import BLOCK_STRUCT, EPOCH_STRUCT, SEGMENT_STRUCT, SegmentHead, pack_segment
from evermarket.records import LAYOUT, Kind

GOLDEN_CHAIN = "48f8e2d8233bef7ab92487f887e5e770590a728a7675d98715483cdcc17e0c55"


def expected_segment() -> bytes:
    """The first segment of a day with one epoch and blocks of 2 and 1 records."""
    out = bytearray(65_536)
    struct.pack_into("<Q8sBxHIHHHxxI", out, 0, 0, b"EVERMKT1", 202, 1, 20261120, 2, 3, 4, 0)
    struct.pack_into("<IIIQQ", out, 36, 20260701, 1, 1, 5, 6)
    struct.pack_into("<I", out, 32, zlib.crc32(out[:64]))
    struct.pack_into("<QqBxHIII", out, 64, 0, OPEN_NS, 201, 1, 1, 9, 20261120)
    out[96:128] = chain = hashlib.sha256(bytes(32) + out[64:96] + bytes(32)).digest()
    for start, first, count in ((128, 1, 2), (320, 3, 1)):
        at = start + count * 64
        out[start:at] = batch(first, count).tobytes()
        last = first + count - 1
        struct.pack_into("<QQB3xII", out, at, last, last, 200, 1, count)
        struct.pack_into("<I", out, at + 28, zlib.crc32(out[start : at + 64]))
        out[at + 32 : at + 64] = chain = hashlib.sha256(chain + out[start : at + 64]).digest()
    return bytes(out)


def test_a_journal_is_written_as_the_document_says(tmp_path: Path) -> None:
    write_day(tmp_path, [2, 1])
    assert [path.name for path in tmp_path.iterdir()] == ["00000001.seg"]
    assert (tmp_path / "00000001.seg").read_bytes() == expected_segment()


def test_the_chain_of_the_golden_day_never_changes(tmp_path: Path) -> None:
    write_day(tmp_path, [2, 1])
    assert Journal.open(tmp_path).verify().chain.hex() == GOLDEN_CHAIN


@pytest.mark.parametrize(
    ("kind", "fields"),
    [(Kind.BLOCK, BLOCK_STRUCT), (Kind.EPOCH, EPOCH_STRUCT), (Kind.SEGMENT, SEGMENT_STRUCT)],
    ids=["BLOCK", "EPOCH", "SEGMENT"],
)
def test_structs_and_dtypes_agree(kind: Kind, fields: struct.Struct) -> None:
    raw = bytes(range(1, 65))
    row = np.frombuffer(raw, LAYOUT[kind])[0]
    from_dtype = [value.tobytes() if isinstance(value, np.void) else value.item() for value in row]
    assert list(fields.unpack(raw)) == from_dtype


def test_a_block_that_does_not_fit_goes_to_the_next_segment_and_the_rest_stays_zero(tmp_path: Path) -> None:
    write_day(tmp_path, [900, 121, 900, 1])
    journal = Journal.open(tmp_path)
    assert [journal.segment(n).head.position for n in journal.segments] == [0, 900, 1_921]
    assert not any((tmp_path / "00000001.seg").read_bytes()[64 * 903 :])
    assert journal.segment(2).head == SegmentHead(2, 900, 65_536, DAY)
    # header, 121 + 900 records and two BLOCK records fill the second segment to its last byte
    assert [block.segment for block in journal.blocks()] == [1, 2, 2, 3]


def test_a_block_may_fill_its_segment_to_the_last_slot(tmp_path: Path) -> None:
    write_day(tmp_path, [1, 1_022, 1_022])
    assert Journal.open(tmp_path).verify().records == 2_045
    with JournalWriter.open(tmp_path, background=False) as writer:
        assert writer.position == 2_045


def test_another_format_version_is_named(tmp_path: Path) -> None:
    write_day(tmp_path, [1])
    path = tmp_path / "00000001.seg"
    data = path.read_bytes()
    path.write_bytes(pack_segment(SegmentHead(1, 0, 65_536, DAY, version=2)) + data[64:])
    with pytest.raises(JournalVersion, match="segment 1 has format version 2, this is 1"):
        Journal.open(tmp_path)


def test_segments_of_two_days_do_not_mix(tmp_path: Path) -> None:
    write_day(tmp_path, [1_000, 100])
    path = tmp_path / "00000002.seg"
    data = path.read_bytes()
    other = SegmentHead(2, 1_000, 65_536, type(DAY)(20261121))
    path.write_bytes(pack_segment(other) + data[64:])
    damage = Journal.open(tmp_path).verify().damage
    assert isinstance(damage, JournalDamaged)
    assert damage.segment == 2


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 1_022), min_size=1, max_size=8))
def test_what_was_appended_is_read_back_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("day")
    write_day(folder, sizes)
    journal = Journal.open(folder)
    blocks = list(journal.blocks())
    assert [block.count for block in blocks] == sizes
    assert [block.digest for block in blocks] == np.cumsum(sizes).tolist()
    assert journal.array().tobytes() == batch(1, sum(sizes)).tobytes()
    report = journal.verify()
    assert (report.records, report.cut, report.damage) == (sum(sizes), None, None)
