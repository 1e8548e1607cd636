"""Segment files: their names, and how one is made ahead of time.

A segment is written full of zeros under a temporary name, synced, and takes its real name only when it is needed: then
its header, which holds the position before it, is known. Real zeros, not a hole: a hole would make the first write of
each page a change of the file's map, and would let a full disk strike in the middle of a segment.
"""

import os
import re
import threading
from pathlib import Path
from typing import Final

from evermarket.journal.files import Files, sync_folder, write_all
from evermarket.journal.frames import SIZE_UNIT_BYTES, SegmentHead, pack_segment
from evermarket.records import RECORD_BYTES

SEGMENT_BYTES: Final = 64 << 20
SEGMENT_BYTES_MAX: Final = 1 << 32

_STEP_BYTES: Final = 1 << 20
_ZEROS: Final = bytes(_STEP_BYTES)
_NAME: Final = re.compile(r"(\d{8})\.seg")


def segment_name(number: int) -> str:
    return f"{number:08d}.seg"


def spare_name(number: int) -> str:
    """Name of a segment while it is prepared; recovery throws such files away."""
    return f"{number:08d}.seg.tmp"


def list_segments(folder: Path) -> list[int]:
    """Numbers of the segment files of a folder, ascending; gaps are the caller's business."""
    if not folder.is_dir():
        return []
    found = (_NAME.fullmatch(entry.name) for entry in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def check_size(size_bytes: int) -> None:
    if size_bytes <= 0 or size_bytes % SIZE_UNIT_BYTES or size_bytes > SEGMENT_BYTES_MAX:
        raise ValueError(f"segment size {size_bytes} is not a multiple of {SIZE_UNIT_BYTES} up to {SEGMENT_BYTES_MAX}")


def fill_zeros(files: Files, fd: int, offset: int, size_bytes: int) -> None:
    """Write and sync zeros in steps: a step bounds what a sync of the live segment may have to wait for."""
    end = offset + size_bytes
    while offset < end:
        step = min(_STEP_BYTES, end - offset)
        write_all(files, fd, [memoryview(_ZEROS)[:step]], offset, step)
        files.fdatasync(fd)
        offset += step


class Spare:
    """The next segment, in the making or ready.

    A failure is kept until `take`: a full disk is harmless until the segment ends. `retry` starts over in a new file
    (nothing acknowledged lies in a spare, so trying again is safe, unlike a sync of the journal itself).
    """

    def __init__(self, files: Files, folder: str, number: int, size_bytes: int, *, background: bool) -> None:
        self.number = number
        self._files = files
        self._folder = folder
        self._size_bytes = size_bytes
        self._background = background
        self._fd = -1
        self._failure: OSError | None = None
        self._stop = False
        self._thread: threading.Thread | None = None
        self._start()

    @property
    def failure(self) -> OSError | None:
        """Why there will be no next segment, or None. Meant for an alarm."""
        return self._failure

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def retry(self) -> None:
        """After a failure: try again in a new file."""
        self.wait()
        if self._failure is not None:
            self._failure = None
            self._start()

    def take(self, head: SegmentHead) -> int:
        """Give the spare its header and its name; both durable on return. Errors: OSError, also a kept one."""
        self.wait()
        if self._failure is not None:
            raise self._failure
        fd = self._fd
        write_all(self._files, fd, [pack_segment(head)], 0, RECORD_BYTES)
        self._files.fdatasync(fd)
        self._files.rename(self._path(), f"{self._folder}/{segment_name(self.number)}")
        sync_folder(self._files, self._folder)
        self._fd = -1
        return fd

    def close(self) -> None:
        """Stop preparing and remove what is there. Errors of the removal do not matter."""
        self._stop = True
        self.wait()
        self._drop()

    def _path(self) -> str:
        return f"{self._folder}/{spare_name(self.number)}"

    def _start(self) -> None:
        if self._background:
            self._thread = threading.Thread(target=self._prepare, name=f"segment-{self.number}", daemon=True)
            self._thread.start()
        else:
            self._prepare()

    def _prepare(self) -> None:
        try:
            self._fd = self._files.open(self._path(), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
            for offset in range(0, self._size_bytes, _STEP_BYTES):
                if self._stop:
                    return
                fill_zeros(self._files, self._fd, offset, min(_STEP_BYTES, self._size_bytes - offset))
            self._files.fsync(self._fd)
        except OSError as error:
            self._drop()
            self._failure = error

    def _drop(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                self._files.close(fd)
                self._files.unlink(self._path())
            except OSError:
                return
