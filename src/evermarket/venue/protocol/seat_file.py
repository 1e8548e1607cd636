"""The seat as a file, for one machine (protocol 2): an advisory lock, replaced whole, synced. The only I/O in here.

The lock is a file beside it that is never replaced, so that two processes always lock the same thing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from evermarket.journal.files import OS_FILES, Files, write_new
from evermarket.venue.protocol.seat import CompareAndSet, Seat, SeatAnswer, SeatRequest


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds, as JSON that a person can read."""

    version: int
    seat: Seat | None


class SeatFile:
    """The seat at a path. Errors: OSError (then nothing is known: read again), ValueError if it is not whole."""

    def __init__(self, path: Path, files: Files = OS_FILES) -> None:
        self.path = path
        self._files = files

    def step(self, request: SeatRequest) -> SeatAnswer:
        """Durable on return."""
        with self._locked():
            stored = self._read()
            is_done = isinstance(request, CompareAndSet) and request.expected_version == stored.version
            if isinstance(request, CompareAndSet) and is_done:
                stored = Stored(stored.version + 1, request.seat)
                write_new(self._files, str(self.path), [msgspec.json.format(msgspec.json.encode(stored))])
            return SeatAnswer(stored.version, stored.seat, is_done)

    def _read(self) -> Stored:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return Stored(0, None)
        try:
            return msgspec.json.decode(raw, type=Stored)
        except msgspec.DecodeError as error:
            raise ValueError(f"the seat at {self.path} is not whole: {error}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fd = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
