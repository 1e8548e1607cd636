"""What a writer takes and refuses; epochs; followers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from journal_days import DAY, batch, write_day

from evermarket.journal import (
    AppendRefused,
    Epoch,
    EpochRefused,
    Journal,
    JournalDamaged,
    JournalError,
    JournalExists,
    JournalHalted,
    JournalLocked,
    JournalMissing,
    JournalWriter,
    cut_after,
)
from evermarket.records import HEADER, Kind, Records, blank


def created(folder: Path) -> JournalWriter:
    return JournalWriter.create(folder, DAY, segment_bytes=65_536, background=False)


def of_kind(kind: int) -> Records:
    rows = batch(1, 3)
    rows["kind"][1] = kind
    return rows


REFUSALS: list[tuple[Callable[[], Records], str]] = [
    (lambda: batch(2, 3), "positions do not follow on 0"),
    (lambda: batch(1, 4)[::2], "contiguous"),
    (lambda: batch(1, 0), "1 to 1022 records, not 0"),
    (lambda: batch(1, 1_023), "1 to 1022 records, not 1023"),
    (lambda: of_kind(0), "kind 0 or a framing kind"),
    (lambda: of_kind(Kind.BLOCK), "kind 0 or a framing kind"),
]


@pytest.mark.parametrize(("rows", "words"), REFUSALS, ids=[words for _, words in REFUSALS])
def test_a_block_that_breaks_the_format_is_refused_and_nothing_is_written(
    tmp_path: Path, rows: Callable[[], Records], words: str
) -> None:
    with created(tmp_path) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        before = (tmp_path / "00000001.seg").read_bytes()
        with pytest.raises(AppendRefused, match=words):
            writer.append(rows(), 0)
        assert (tmp_path / "00000001.seg").read_bytes() == before
        assert writer.commit(batch(1, 3), 0) == 3


def test_one_life_one_epoch(tmp_path: Path) -> None:
    with created(tmp_path) as writer:
        with pytest.raises(EpochRefused, match="epoch 0 was not begun by this writer"):
            writer.append(batch(1, 1), 0)
        writer.begin_epoch(4, owner=1, make=1, time=1)
        writer.commit(batch(1, 1), 0)
    with JournalWriter.open(tmp_path, background=False) as writer:
        with pytest.raises(EpochRefused, match="epoch 4 was not begun by this writer"):
            writer.append(batch(2, 1), 0)
        with pytest.raises(EpochRefused, match="epoch 4 is not higher than 4"):
            writer.begin_epoch(4, owner=1, make=1, time=1)
        writer.begin_epoch(5, owner=1, make=1, time=1)
        writer.commit(batch(2, 1), 0)
    assert [(epoch.epoch, epoch.position) for epoch in Journal.open(tmp_path).epochs()] == [(4, 0), (5, 1)]


def test_append_is_not_durable_before_sync(tmp_path: Path) -> None:
    with created(tmp_path) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        writer.append(batch(1, 5), 0)
        writer.append(batch(6, 5), 0)
        assert (writer.position, writer.durable_position) == (10, 0)
        assert writer.sync() == writer.durable_position == 10


def test_a_closed_writer_is_refused_and_a_folder_has_one_writer(tmp_path: Path) -> None:
    writer = created(tmp_path)
    with pytest.raises(JournalLocked):
        JournalWriter.open(tmp_path)
    writer.close()
    with pytest.raises(JournalHalted):
        writer.sync()
    with pytest.raises(JournalExists):
        created(tmp_path)
    with pytest.raises(JournalMissing):
        JournalWriter.open(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="segment size 65000"):
        JournalWriter.create(tmp_path / "other", DAY, segment_bytes=65_000)
    JournalWriter.open(tmp_path).close()


def test_left_over_preparations_are_thrown_away(tmp_path: Path) -> None:
    write_day(tmp_path, [3])
    (tmp_path / "00000002.seg.tmp").write_bytes(b"half")
    JournalWriter.open(tmp_path, background=False).close()
    assert [path.name for path in tmp_path.iterdir()] == ["00000001.seg"]


def test_a_follower_has_the_same_bytes(tmp_path: Path) -> None:
    write_day(tmp_path / "owner", [3, 900, 200])
    with created(tmp_path / "follower") as follower:
        for frame in Journal.open(tmp_path / "owner").frames():
            follower.append_received(frame.raw)
            follower.sync()
        assert follower.durable_position == 1_103
    for name in ("00000001.seg", "00000002.seg"):
        assert (tmp_path / "owner" / name).read_bytes() == (tmp_path / "follower" / name).read_bytes()


def test_a_follower_refuses_what_does_not_follow_and_every_lower_epoch(tmp_path: Path) -> None:
    write_day(tmp_path / "owner", [3, 2])
    epoch, first, second = Journal.open(tmp_path / "owner").frames()
    spoilt = bytearray(first.raw)
    spoilt[70] ^= 1
    with created(tmp_path / "follower") as follower:
        attempts: list[tuple[object, type[JournalError]]] = [
            (first.raw, EpochRefused),
            (epoch.raw[:63], AppendRefused),
            (first.raw[:-64], AppendRefused),
        ]
        for raw, error in attempts:
            with pytest.raises(error):
                follower.append_received(raw)
        follower.append_received(epoch.raw)
        for raw in (second.raw, bytes(spoilt)):
            with pytest.raises(AppendRefused):
                follower.append_received(raw)
        follower.append_received(first.raw)
        with pytest.raises(EpochRefused):
            follower.append_received(epoch.raw)
        assert isinstance(follower.begin_epoch(2, owner=2, make=2, time=1), Epoch)
        with pytest.raises(EpochRefused, match="the block is of epoch 1, this journal of 2"):
            follower.append_received(second.raw)
        follower.commit(batch(4, 6), 0)
        assert follower.position == 9


def test_a_promise_refuses_every_lower_epoch_also_after_a_restart(tmp_path: Path) -> None:
    write_day(tmp_path / "owner", [3, 2])
    epoch, first, second = Journal.open(tmp_path / "owner").frames()
    with created(tmp_path / "twin") as twin:
        twin.append_received(epoch.raw)
        twin.append_received(first.raw)
        with pytest.raises(EpochRefused, match="epoch 1 is not higher than 1"):
            twin.promise(1)
        twin.promise(3)
        with pytest.raises(EpochRefused, match="epoch 1 is over: 3 is promised"):
            twin.append_received(second.raw)
    with JournalWriter.open(tmp_path / "twin", background=False) as twin:
        assert (twin.position, twin.promised_epoch) == (3, 3)
        for refused in (lambda: twin.append_received(second.raw), lambda: twin.begin_epoch(2, owner=2, make=2, time=1)):
            with pytest.raises(EpochRefused, match="is over: 3 is promised"):
                refused()
        twin.begin_epoch(3, owner=2, make=2, time=1)
        assert twin.commit(batch(4, 1), 0) == 4
    path = tmp_path / "twin" / "promise"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(JournalDamaged, match="promise"):
            JournalWriter.open(tmp_path / "twin", background=False)


def test_the_unreleased_tail_goes_into_side_files(tmp_path: Path) -> None:
    write_day(tmp_path / "a", [3, 900, 200, 900])
    write_day(tmp_path / "b", [3])
    cuts = cut_after(tmp_path / "a", 3)
    assert [(cut.segment, cut.records) for cut in cuts] == [(1, 900), (2, 200), (3, 900)]
    kept = b"".join((tmp_path / "a" / str(cut.side_file)).read_bytes() for cut in cuts)
    assert batch(4, 900).tobytes() in kept
    assert batch(1_104, 900).tobytes() in kept
    assert (tmp_path / "a" / "00000001.seg").read_bytes() == (tmp_path / "b" / "00000001.seg").read_bytes()
    assert cut_after(tmp_path / "a", 3) == []
    with pytest.raises(ValueError, match="no block ends at position 2"):
        cut_after(tmp_path / "a", 2)


def test_typed_records_are_taken_too(tmp_path: Path) -> None:
    with created(tmp_path) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        rows = blank(Kind.CLOSED, 2)
        rows["position"] = [1, 2]
        rows["volume"] = [7, 8]
        assert rows.dtype != HEADER
        writer.commit(rows, 0)
    assert Journal.open(tmp_path).array(Kind.CLOSED)["volume"].tolist() == [7, 8]
