"""The seat as a file: one of two processes wins each version, and a broken file is said to be broken."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evermarket.journal.files import OS_FILES
from evermarket.venue.protocol.seat import CompareAndSet, ReadSeat, Register, Seat, SeatAnswer
from evermarket.venue.protocol.seat_file import SeatFile

ROUNDS = 30
RACER = """
import sys
from pathlib import Path
from evermarket.venue.protocol.seat import CompareAndSet, ReadSeat, Seat
from evermarket.venue.protocol.seat_file import SeatFile
path, name, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seat = SeatFile(path)
won = []
while (version := seat.step(ReadSeat()).version) < rounds:
    wanted = Seat(version + 1, name, (name,), "local", "race", name, 0)
    answer = seat.step(CompareAndSet(version, wanted))
    assert answer.is_done == (answer.version == version + 1 and answer.seat == wanted)
    won += [version + 1] * answer.is_done
print(*won)
"""


def seat_of(epoch: int, owner: str = "P") -> Seat:
    return Seat(epoch, owner, (owner, "T"), "twin", "because", "operator", 7)


def test_a_file_and_a_register_in_memory_answer_the_same(tmp_path: Path) -> None:
    file, register = SeatFile(tmp_path / "seat"), Register()
    requests = [
        ReadSeat(),
        CompareAndSet(1, seat_of(1)),
        CompareAndSet(0, seat_of(1)),
        CompareAndSet(0, seat_of(2)),
        CompareAndSet(1, seat_of(2, "T")),
        ReadSeat(),
    ]
    assert [file.step(request) for request in requests] == [register.step(request) for request in requests]
    assert SeatFile(tmp_path / "seat").step(ReadSeat()) == SeatAnswer(2, seat_of(2, "T"), False)


def test_of_two_processes_one_wins_each_version(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path / "seat"), name, str(ROUNDS)], stdout=subprocess.PIPE, text=True
        )
        for name in ("P", "T")
    ]
    won = [racer.communicate()[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(int(version) for part in won for version in part) == list(range(1, ROUNDS + 1))


@pytest.mark.parametrize("raw", [b"", b"{", b'{"version": 1}', b'{"version": 1, "seat": {"epoch": 1}}', b"\0" * 64])
def test_a_file_that_is_not_whole_is_said_to_be_so(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "seat"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="not whole"):
        SeatFile(path).step(ReadSeat())
    assert path.read_bytes() == raw


class NoSync:
    """The disk that refuses every sync."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fsync(self, fd: int, /) -> None:
        raise OSError(5, "input/output error")


def test_a_set_that_fails_is_an_error_and_the_old_value_stands(tmp_path: Path) -> None:
    path = tmp_path / "seat"
    SeatFile(path).step(CompareAndSet(0, seat_of(1)))
    with pytest.raises(OSError, match="input/output"):
        SeatFile(path, NoSync()).step(CompareAndSet(1, seat_of(2)))
    assert SeatFile(path, OS_FILES).step(ReadSeat()) == SeatAnswer(1, seat_of(1), False)
