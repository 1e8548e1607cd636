"""kill -9 of a real writer at random moments, and a really full disk."""

import contextlib
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_faults import DAY, batch, contents

from evermarket.journal import JournalHalted, JournalWriter

WRITER = Path(__file__).with_name("journal_writer_process.py")
SEED = 20_261_120


def write_until_killed(folder: Path, seed: int, answers: int) -> int:
    """Run a writer, kill it after that many answers; the last position that it acknowledged."""
    command = [sys.executable, str(WRITER), str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        heard = process.stdout.read(8 * answers)
        process.send_signal(signal.SIGKILL)
        heard += process.stdout.read()
    assert process.returncode == -signal.SIGKILL, "the writer ended by itself"
    whole = len(heard) // 8 * 8
    return int.from_bytes(heard[whole - 8 : whole], "little")


def test_kill_9_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for turn in range(6):
        told = write_until_killed(tmp_path, SEED + turn, chance.randrange(1, 60))
        case = f"seed {SEED}, turn {turn}"
        with JournalWriter.open(tmp_path) as writer:
            assert writer.recovery is not None
            assert writer.position >= told, f"{case}: acknowledged {told}, recovered {writer.position}"
            assert contents(tmp_path) == writer.position, case
            assert writer.epoch == turn + 1, case


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 300 KiB; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_halts_at_the_end_of_the_segment_and_not_before(tiny_disk: Path) -> None:
    folder, told = tiny_disk / "day", 0
    writer = JournalWriter.create(folder, DAY, segment_bytes=65_536, background=False)
    writer.begin_epoch(1, owner=1, make=1, time=1)
    went_on = 0
    while writer.halted is None:
        went_on += writer.next_failure is not None
        with contextlib.suppress(JournalHalted):
            told = writer.commit(batch(told + 1, 100), 0)
    writer.close()
    assert went_on > 5, "a full disk must not matter before the segment ends"
    assert writer.durable_position == told
    assert contents(folder) == told
