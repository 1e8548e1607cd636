"""The file operations that the journal writes with: the module `os` itself, or something that fails on purpose.

Reading goes through memory maps and is not part of it.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from evermarket.journal.errors import JournalLocked, JournalMissing


class Files(Protocol):
    """The part of `os` that matters for durability. Errors are OSError; pwritev may write less than asked."""

    def open(self, path: str, flags: int, mode: int = 0o777, /) -> int: ...
    def pwritev(self, fd: int, buffers: Sequence[Any], offset: int, /) -> int: ...
    def fdatasync(self, fd: int, /) -> None: ...
    def fsync(self, fd: int, /) -> None: ...
    def rename(self, src: str, dst: str, /) -> None: ...
    def unlink(self, path: str, /) -> None: ...
    def close(self, fd: int, /) -> None: ...


OS_FILES: Final[Files] = os


class ShortWrite(OSError):  # noqa: N818
    """The system took fewer bytes than it was given."""


def write_all(files: Files, fd: int, buffers: Sequence[Any], offset: int, size_bytes: int) -> None:
    """One gathered write of `size_bytes`; anything less is an error, never continued."""
    written = files.pwritev(fd, buffers, offset)
    if written != size_bytes:
        raise ShortWrite(f"{written} of {size_bytes} bytes written at offset {offset}")


def sync_folder(files: Files, folder: str) -> None:
    """Make the names in a folder durable."""
    fd = files.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        files.fsync(fd)
    finally:
        files.close(fd)


def write_new(files: Files, path: str, buffers: Sequence[Any]) -> None:
    """A whole small file, all or nothing: temporary name, sync, rename, sync of the folder. Errors: OSError."""
    temporary = path + ".tmp"
    fd = files.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        offset = 0
        for buffer in buffers:
            size_bytes = memoryview(buffer).nbytes
            if size_bytes:
                write_all(files, fd, [buffer], offset, size_bytes)
            offset += size_bytes
        files.fsync(fd)
    finally:
        files.close(fd)
    files.rename(temporary, path)
    sync_folder(files, os.path.dirname(path) or ".")


def lock_folder(folder: Path) -> int:
    """An advisory lock on the folder itself; it ends with the process, however that ends."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise JournalMissing(f"no folder {folder}") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise JournalLocked(f"another process writes the journal in {folder}") from error
    return fd
