"""The n-th file operation fails, for every n: nothing acknowledged is lost, nothing is invented, nothing goes on."""

import contextlib
import errno
from pathlib import Path

import numpy as np
import pytest
from journal_faults import (
    DAY,
    DAY_SIZES,
    FailingFiles,
    PowerLoss,
    PowerLossFiles,
    batch,
    contents,
    write_day,
)

from evermarket.journal import JournalDamaged, JournalHalted, JournalMissing, JournalWriter
from evermarket.journal.segment import list_segments

WHOLE = sum(DAY_SIZES)
ENDS = [0, *np.cumsum(DAY_SIZES).tolist()]


def run_day(folder: Path, files: FailingFiles) -> tuple[list[int], JournalHalted | None]:
    told: list[int] = []
    try:
        write_day(folder, files, told)
    except JournalHalted as halted:
        return told, halted
    return told, None


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, None], ids=["EIO", "ENOSPC", "short write"])
def test_whatever_operation_fails_recovery_gives_all_that_was_acknowledged(tmp_path: Path, error: int | None) -> None:
    n, outcomes = 0, set()
    while True:
        n += 1
        files = FailingFiles(n, error)
        folder = tmp_path / str(n)
        told, halted = run_day(folder, files)
        acknowledged = told[-1] if told else 0
        if halted is None and not files.failed_at and files.calls < n:
            assert acknowledged == WHOLE
            break
        if halted is not None:
            assert halted.durable_position >= acknowledged
        outcomes.add((files.failed_at, halted is None))
        check_recovery(folder, acknowledged, n)
    assert n > 50, "the day is too small to prove anything"
    assert ("pwritev", False) in outcomes


def check_recovery(folder: Path, acknowledged: int, n: int) -> None:
    try:
        writer = JournalWriter.open(folder, files=FailingFiles(0, None), background=False)
    except JournalMissing:
        assert acknowledged == 0
        return
    with writer:
        assert writer.position >= acknowledged, f"operation {n} failed: acknowledged records are gone"
        assert writer.position in ENDS, f"operation {n} failed: half a block"
        assert writer.position == contents(folder)
        writer.begin_epoch(writer.epoch + 1, owner=1, make=1, time=2)
        writer.commit(batch(writer.position + 1, 50), 0)
        assert contents(folder) == writer.position


def test_after_the_first_failure_every_call_is_refused(tmp_path: Path) -> None:
    files = FailingFiles(0, errno.EIO)
    writer = JournalWriter.create(tmp_path / "day", DAY, segment_bytes=65_536, files=files, background=False)
    writer.begin_epoch(1, owner=1, make=1, time=1)
    writer.commit(batch(1, 10), 0)
    writer.append(batch(11, 10), 0)
    files.nth = files.calls + 1
    with pytest.raises(JournalHalted, match="durable up to position 10"):
        writer.sync()
    calls = files.calls
    for again in (
        writer.sync,
        lambda: writer.append(batch(21, 1), 0),
        lambda: writer.commit(batch(21, 1), 0),
        lambda: writer.begin_epoch(2, owner=1, make=1, time=1),
        writer.prepare_next,
    ):
        with pytest.raises(JournalHalted):
            again()
    assert files.calls == calls
    assert writer.durable_position == 10
    writer.close()


def test_a_disk_that_fills_up_is_harmless_until_the_segment_ends(tmp_path: Path) -> None:
    files = FailingFiles(0, errno.ENOSPC)
    day = tmp_path / "day"
    writer = JournalWriter.create(day, DAY, segment_bytes=65_536, files=files, background=False)
    writer.begin_epoch(1, owner=1, make=1, time=1)
    writer.commit(batch(1, 1_000), 0)
    assert writer.next_failure is None
    # the next roll takes the spare that is ready; the one after it cannot be made
    files.nth = files.calls + 9
    writer.commit(batch(1_001, 100), 0)
    assert writer.next_failure is not None
    assert writer.commit(batch(1_101, 800), 0) == 1_900
    with pytest.raises(JournalHalted, match="durable up to position 1900"):
        writer.commit(batch(1_901, 500), 0)
    writer.close()
    assert contents(day) == 1_900


def test_space_that_comes_back_in_time_is_used(tmp_path: Path) -> None:
    files = FailingFiles(0, errno.ENOSPC)
    day = tmp_path / "day"
    writer = JournalWriter.create(day, DAY, segment_bytes=65_536, files=files, background=False)
    writer.begin_epoch(1, owner=1, make=1, time=1)
    writer.commit(batch(1, 1_000), 0)
    files.nth = files.calls + 9
    writer.commit(batch(1_001, 100), 0)
    assert writer.next_failure is not None
    writer.prepare_next()
    assert writer.next_failure is None
    writer.commit(batch(1_101, 1_000), 0)
    writer.close()
    assert contents(day) == 2_100


def test_a_failure_inside_recovery_can_be_tried_again(tmp_path: Path) -> None:
    for n in range(1, 40):
        folder = tmp_path / str(n)
        write_day(folder, FailingFiles(0, None), [])
        tear(folder)
        files = FailingFiles(n, errno.EIO)
        with contextlib.suppress(JournalHalted):
            JournalWriter.open(folder, files=files, background=False).close()
        with JournalWriter.open(folder, files=FailingFiles(0, None), background=False) as writer:
            assert writer.position == ENDS[-2]
        assert list(folder.glob("cut-*.bin")), f"operation {n} failed: the bytes of the tail are gone"
        if files.calls < n:
            return
    pytest.fail("recovery takes more operations than this test tries")


def tear(folder: Path) -> None:
    """Spoil the last block."""
    path = folder / f"{list_segments(folder)[-1]:08d}.seg"
    data = bytearray(path.read_bytes())
    end = max(at for at in range(0, len(data), 64) if any(data[at : at + 64]))
    data[end : end + 64] = bytes(64)
    path.write_bytes(data)


def power_loss(folder: Path, nth: int, seed: int, in_flight: int) -> tuple[int, bool]:
    """A day until the power goes; what was acknowledged, and whether the day passed whole."""
    files = PowerLossFiles(nth, np.random.default_rng(seed))
    acknowledged, writer = 0, None
    try:
        writer = JournalWriter.create(folder, DAY, segment_bytes=65_536, files=files, background=False)
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for turn, count in enumerate(DAY_SIZES):
            writer.append(batch(writer.position + 1, count), 0)
            if turn % in_flight == 0:
                acknowledged = writer.sync()
        writer.close()
    except PowerLoss:
        if writer is not None:
            writer._files = FailingFiles(0, None)  # type: ignore[assignment]
            writer._release()  # the process is gone, its lock with it
        return acknowledged, False
    return writer.position, True


@pytest.mark.parametrize("seed", range(3))
def test_power_lost_at_any_operation_costs_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    for n in range(1, 500):
        folder = tmp_path / str(n)
        acknowledged, whole = power_loss(folder, n, seed * 1_000 + n, in_flight=1)
        if whole:
            return
        check_recovery(folder, acknowledged, n)
    pytest.fail("the day takes more operations than this test tries")


def test_recovery_writes_again_what_a_failed_sync_may_have_dropped(tmp_path: Path) -> None:
    """After a failed sync the pages look clean and whole: what recovery read from them need not be on the disk."""
    random = np.random.default_rng(1)
    dying, reviving = PowerLossFiles(0, random), PowerLossFiles(0, random)
    writer = JournalWriter.create(tmp_path, DAY, segment_bytes=65_536, files=dying, background=False)
    writer.begin_epoch(1, owner=1, make=1, time=1)
    writer.append(batch(1, 50), 0)
    writer._release()
    in_doubt = set(dying.unsynced)
    assert in_doubt
    with JournalWriter.open(tmp_path, files=reviving, background=False) as writer:
        assert writer.durable_position == 50
        assert in_doubt <= reviving.synced


def test_power_lost_with_several_blocks_in_flight_may_stop_but_never_loses_in_silence(tmp_path: Path) -> None:
    stopped = 0
    for n in range(1, 500):
        folder = tmp_path / str(n)
        acknowledged, whole = power_loss(folder, n, n, in_flight=3)
        if whole:
            assert stopped < n / 2
            return
        try:
            check_recovery(folder, acknowledged, n)
        except JournalDamaged as damage:
            lost = damage.position < acknowledged
        else:
            continue
        assert not lost, "something acknowledged is damaged"
        stopped += 1
    pytest.fail("the day takes more operations than this test tries")
