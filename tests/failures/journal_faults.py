"""File operations that fail on purpose, and small days to try them on. Used by the tests of this folder."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evermarket.journal import DayFacts, Journal, JournalHalted, JournalWriter
from evermarket.records import HEADER, Kind, Records, blank

DAY = DayFacts(20261120, seed=7)
SEGMENT_BYTES = 65_536
DAY_SIZES = [1, 40, 3, 700, 260, 9, 900, 120, 5, 1, 600]
"""Records a block; they take four segments."""


def batch(first: int, count: int) -> Records:
    """Records whose every byte follows from their position, so that an invented one would show."""
    rows = blank(Kind.NEW, count)
    positions = np.arange(first, first + count, dtype=np.uint64)
    rows["position"] = positions
    rows["time"] = positions * 1_000
    rows["instrument"] = 1 + positions % 65_000
    rows["cl_ord_id"] = positions * np.uint64(0x9E3779B97F4A7C15)
    rows["price"] = positions + 10_000
    rows["qty"] = positions % 1_000 + 1
    return rows.view(HEADER)


def contents(folder: Path) -> int:
    """How many records the journal holds; fails unless they are exactly those of `batch`, from position 1 on."""
    rows = Journal.open(folder).array()
    assert rows.tobytes() == batch(1, len(rows)).tobytes(), "a record differs from what was written"
    return len(rows)


def write_day(folder: Path, files: Any, told: list[int]) -> None:
    """A whole small day; `told` grows by the position that each commit made durable."""
    writer = JournalWriter.create(folder, DAY, segment_bytes=SEGMENT_BYTES, files=files, background=False)
    calls = -1
    try:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for count in DAY_SIZES:
            told.append(writer.commit(batch(writer.position + 1, count), writer.position))
    except JournalHalted:
        calls = files.calls
        raise
    finally:
        writer.close()
        assert calls < 0 or set(files.after[calls - files.nth :]) <= {"unlink"}, "halted, and yet it went on"


class FailingFiles:
    """`os`, but the n-th operation fails: with an errno, or by writing only half. Syncs are counted, not done."""

    def __init__(self, nth: int, error: int | None) -> None:
        self.nth = nth
        self.error = error
        self.calls = 0
        self.failed_at = ""
        self.after: list[str] = []

    def _count(self, what: str) -> bool:
        self.calls += 1
        if self.failed_at:
            self.after.append(what)
        if self.calls != self.nth:
            return False
        if self.error is None:
            if what == "pwritev":
                self.failed_at = what
            return what == "pwritev"
        self.failed_at = what
        raise OSError(self.error, os.strerror(self.error), what)

    def open(self, path: str, flags: int, mode: int = 0o777, /) -> int:
        self._count("open")
        return os.open(path, flags, mode)

    def pwritev(self, fd: int, buffers: Sequence[Any], offset: int, /) -> int:
        if self._count("pwritev"):
            data = b"".join(bytes(memoryview(buffer).cast("B")) for buffer in buffers)
            return os.pwrite(fd, data[: len(data) // 2], offset)
        return os.pwritev(fd, buffers, offset)

    def fdatasync(self, fd: int, /) -> None:
        self._count("fdatasync")

    def fsync(self, fd: int, /) -> None:
        self._count("fsync")

    def rename(self, src: str, dst: str, /) -> None:
        self._count("rename")
        os.rename(src, dst)

    def unlink(self, path: str, /) -> None:
        self._count("unlink")
        os.unlink(path)

    def close(self, fd: int, /) -> None:
        os.close(fd)


class PowerLoss(BaseException):
    """The lights go out in the middle of an operation."""


class PowerLossFiles(FailingFiles):
    """A disk that keeps unsynced sectors and names as it likes when the power goes at the n-th operation."""

    SECTOR_BYTES = 512

    def __init__(self, nth: int, random: np.random.Generator) -> None:
        super().__init__(nth, None)
        self.random = random
        self.unsynced: dict[tuple[str, int], bytes] = {}
        self.synced: set[tuple[str, int]] = set()
        self.names: list[tuple[str, str]] = []

    def _count(self, what: str) -> bool:
        self.calls += 1
        if self.calls == self.nth:
            self.lose()
            raise PowerLoss
        return False

    def pwritev(self, fd: int, buffers: Sequence[Any], offset: int, /) -> int:
        path = os.readlink(f"/proc/self/fd/{fd}")
        size_bytes = sum(memoryview(buffer).nbytes for buffer in buffers)
        first = offset - offset % self.SECTOR_BYTES
        for at in range(first, offset + size_bytes, self.SECTOR_BYTES):
            before = os.pread(fd, self.SECTOR_BYTES, at)
            self.unsynced.setdefault((path, at), before.ljust(self.SECTOR_BYTES, b"\0"))
        os.pwritev(fd, buffers, offset)
        self._count("pwritev")
        return size_bytes

    def fdatasync(self, fd: int, /) -> None:
        self._count("fdatasync")
        path = os.readlink(f"/proc/self/fd/{fd}")
        self.synced |= {key for key in self.unsynced if key[0] == path}
        self.unsynced = {key: old for key, old in self.unsynced.items() if key[0] != path}

    def fsync(self, fd: int, /) -> None:
        path = os.readlink(f"/proc/self/fd/{fd}")
        self.fdatasync(fd)
        self.names = [(src, dst) for src, dst in self.names if os.path.dirname(dst) != path]

    def rename(self, src: str, dst: str, /) -> None:
        self._count("rename")
        os.rename(src, dst)
        self.names.append((src, dst))
        self.unsynced = {(dst if path == src else path, at): old for (path, at), old in self.unsynced.items()}

    def lose(self) -> None:
        for (path, at), old in self.unsynced.items():
            if os.path.exists(path) and self.random.random() < 0.5:
                with open(path, "r+b") as file:
                    file.seek(at)
                    file.write(old)
        for src, dst in reversed(self.names):
            if self.random.random() < 0.5:
                os.rename(dst, src)
