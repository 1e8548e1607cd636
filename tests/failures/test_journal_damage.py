"""Torn writes and flipped bits, at every byte: recovered, reported or stopped; never silent."""

import random
from pathlib import Path

import pytest
from journal_faults import DAY, FailingFiles, batch, contents

from evermarket.journal import JournalDamaged, JournalMissing, JournalWriter, Report
from evermarket.journal.recovery import recover, survey

SIZES = [2, 1, 3, 4]


def small_journal(folder: Path) -> Path:
    """One segment: header, epoch 1, two blocks, epoch 2, two blocks."""
    with JournalWriter.create(folder, DAY, segment_bytes=65_536, background=False) as writer:
        for turn, count in enumerate(SIZES):
            if turn % 2 == 0:
                writer.begin_epoch(turn // 2 + 1, owner=1, make=1, time=9)
            writer.commit(batch(writer.position + 1, count), 5)
    return folder / "00000001.seg"


def used(path: Path) -> int:
    data = path.read_bytes()
    return max(at for at in range(0, len(data), 64) if any(data[at : at + 64])) + 64


def look(folder: Path) -> Report | JournalDamaged:
    """What a survey says; what it says it holds is checked against what was written."""
    try:
        report = survey(folder).report
    except JournalDamaged as damage:
        return damage
    if report.damage is None:
        assert contents(folder) == report.position
    return report


def test_the_small_journal_is_whole(tmp_path: Path) -> None:
    small_journal(tmp_path)
    report = look(tmp_path)
    assert isinstance(report, Report)
    assert (report.position, report.blocks, len(report.epochs), report.epoch, report.cut) == (10, 4, 2, 2, None)


@pytest.mark.parametrize("rest", ["zeros", "garbage"])
def test_a_write_torn_at_any_byte_of_the_last_block_is_cut_and_kept(tmp_path: Path, rest: str) -> None:
    path = small_journal(tmp_path)
    whole = path.read_bytes()
    end = used(path)
    start = end - (SIZES[-1] + 1) * 64
    chance = random.Random(1)
    for at in range(start, end):
        torn = bytearray(whole)
        torn[at:end] = bytes(end - at) if rest == "zeros" else chance.randbytes(end - at)
        if torn == whole:
            continue
        path.write_bytes(torn)
        report = recover(tmp_path, FailingFiles(0, None)).report
        assert report.position == 6, f"torn at byte {at}"
        assert contents(tmp_path) == 6
        if rest == "zeros" and at == start:
            assert report.cut is None
            continue
        assert report.cut is not None, f"torn at byte {at}"
        assert (report.cut.segment, report.cut.offset_bytes, report.cut.position) == (1, start, 6)
        assert report.cut.side_file is not None
        kept = (tmp_path / report.cut.side_file).read_bytes()
        assert kept == torn[start : start + len(kept)]
        assert not any(torn[start + len(kept) :])
        assert path.read_bytes() == whole[:start] + bytes(len(whole) - start)
        assert look(tmp_path).cut is None  # type: ignore[union-attr]


def test_a_bit_flipped_in_any_byte_is_reported_or_stops(tmp_path: Path) -> None:
    path = small_journal(tmp_path)
    whole = path.read_bytes()
    end = used(path)
    last = end - (SIZES[-1] + 1) * 64
    chance = random.Random(2)
    for at in [*range(end), *chance.sample(range(end, len(whole)), 200)]:
        for bit in chance.sample(range(8), 2 if last <= at < end else 1):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            found = look(tmp_path)
            case = f"byte {at} bit {bit}"
            if at < last:
                damage = found if isinstance(found, JournalDamaged) else found.damage
                assert damage is not None, case
                assert damage.segment == 1
                assert damage.offset_bytes <= at
                with pytest.raises(JournalDamaged):
                    recover(tmp_path)
                assert path.read_bytes() == flipped, f"{case}: recovery touched a damaged journal"
                continue
            assert isinstance(found, Report), case
            assert found.damage is None, case
            assert found.cut is not None, case
            if at < end:
                assert found.position == 6
                assert abs(found.cut.records - SIZES[-1]) <= 1, case
            else:
                assert (found.position, found.cut.records) == (10, 1), case


def two_segments(folder: Path) -> tuple[Path, Path]:
    with JournalWriter.create(folder, DAY, segment_bytes=65_536, background=False) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=9)
        writer.commit(batch(1, 1_000), 5)
        writer.commit(batch(1_001, 60), 5)
    return folder / "00000001.seg", folder / "00000002.seg"


def test_anything_wrong_before_the_last_segment_is_damage(tmp_path: Path) -> None:
    first, second = two_segments(tmp_path)
    whole = first.read_bytes()
    chance = random.Random(3)
    spots = [*range(192), *range(1_000 * 64, 1_003 * 64), *chance.sample(range(192, len(whole)), 300)]
    for at in spots:
        flipped = bytearray(whole)
        flipped[at] ^= 1 << chance.randrange(8)
        first.write_bytes(flipped)
        found = look(tmp_path)
        damage = found if isinstance(found, JournalDamaged) else found.damage
        assert damage is not None, f"byte {at}"
        assert damage.segment in (1, 2)
    first.write_bytes(whole[:-65_536] + bytes(65_536))
    with pytest.raises(JournalDamaged):
        recover(tmp_path)
    first.write_bytes(whole)
    assert recover(tmp_path).report.position == 1_060
    assert second.exists()


def test_a_missing_segment_is_damage_and_an_empty_folder_no_journal(tmp_path: Path) -> None:
    first, second = two_segments(tmp_path)
    kept = first.read_bytes()
    first.unlink()
    with pytest.raises(JournalDamaged, match="segment 1, offset 0: the file is missing"):
        recover(tmp_path)
    second.unlink()
    with pytest.raises(JournalMissing):
        recover(tmp_path)
    first.write_bytes(kept[:1_000])
    with pytest.raises(JournalDamaged, match="the file has 1000 bytes"):
        recover(tmp_path)


def test_a_second_torn_tail_does_not_overwrite_what_the_first_left(tmp_path: Path) -> None:
    path = small_journal(tmp_path)
    end = used(path)
    names = []
    for turn in (1, 2):
        data = bytearray(path.read_bytes())
        data[end : end + 5] = bytes([turn] * 5)
        path.write_bytes(data)
        cut = recover(tmp_path).report.cut
        assert cut is not None
        assert cut.side_file is not None
        names.append(cut.side_file)
    assert names == [f"cut-{10:020d}-{1:08d}-{turn}.bin" for turn in (1, 2)]
