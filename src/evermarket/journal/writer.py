"""Append commit blocks and make them durable: the one door through which a day gets onto the disk.

Invariants: one write a block; a block never crosses a segment; nothing is durable before `sync` has returned; the first
operation that fails ends this writer (JournalHalted, docs: protocol, rule "stop on the first broken write"). After a
failed fdatasync nothing is tried again: the next one may succeed with the pages gone.

`append` and `sync` are apart so that a sequencer can replicate or match while the disk works; they may be called from
two threads (a lock serialises them). Keep one block in flight where the process must recover alone (see recovery.py).
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from evermarket.journal.checks import check_records, parse_received
from evermarket.journal.errors import (
    EpochRefused,
    JournalError,
    JournalExists,
    JournalHalted,
)
from evermarket.journal.files import OS_FILES, Files, lock_folder, sync_folder, write_all
from evermarket.journal.frames import (
    BLOCK_STRUCT,
    EPOCH_STRUCT,
    NO_CHAIN,
    Block,
    Buffer,
    DayFacts,
    Epoch,
    SegmentHead,
    flat,
    pack_block,
    pack_epoch,
)
from evermarket.journal.promise import read_promise, write_promise
from evermarket.journal.recovery import Report, recover
from evermarket.journal.scan import Place
from evermarket.journal.segment import SEGMENT_BYTES, Spare, check_size, list_segments, segment_name
from evermarket.records import RECORD_BYTES, Records

_DAY: Final = DayFacts(0)


class JournalWriter:
    """Made by `create` or `open`. Public facts: position, durable_position, epoch, chain, recovery, next_failure."""

    def __init__(self, folder: Path, files: Files, lock_fd: int, *, background: bool) -> None:
        self.folder = folder
        self.day = _DAY
        self.recovery: Report | None = None
        self._files = files
        self._lock_fd = lock_fd
        self._background = background
        self._lock = threading.Lock()
        self._halted: JournalHalted | None = None
        self._owner_epoch = -1
        self._promised_epoch = 0
        self._place = Place(1)
        self._durable_position = 0
        self._dirty = False
        self._fd = -1
        self._size_bytes = 0
        self._spare: Spare | None = None

    # --- making one ---------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        folder: Path,
        day: DayFacts,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        files: Files = OS_FILES,
        background: bool = True,
    ) -> Self:
        """A new journal; its first segment is on disk on return. `background`: prepare segments in a thread.

        Errors: JournalExists, JournalLocked, JournalHalted (disk), ValueError (segment size).
        """
        check_size(segment_bytes)
        folder.mkdir(parents=True, exist_ok=True)
        writer = cls(folder, files, lock_folder(folder), background=background)
        try:
            if list_segments(folder):
                raise JournalExists(f"there is a journal in {folder}")
            writer.day, writer._size_bytes = day, segment_bytes
            writer._final("create", writer._first_segment)
        except BaseException:
            writer._release()
            raise
        return writer

    @classmethod
    def open(cls, folder: Path, *, files: Files = OS_FILES, background: bool = True) -> Self:
        """Recover an existing journal and go on behind its last good block; `recovery` says what was found and cut.

        Errors: JournalMissing, JournalDamaged, JournalVersion, JournalLocked, JournalHalted (disk).
        """
        writer = cls(folder, files, lock_folder(folder), background=background)
        try:
            writer._final("recovery", writer._recover)
        except BaseException:
            writer._release()
            raise
        return writer

    # --- facts --------------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Last position appended, durable or not."""
        return self._place.position

    @property
    def durable_position(self) -> int:
        """Last position that `sync` has made safe."""
        return self._durable_position

    @property
    def epoch(self) -> int:
        """The highest epoch of this journal."""
        return self._place.epoch or 0

    @property
    def promised_epoch(self) -> int:
        """The epoch that this core has promised to refuse everything below of; 0: none."""
        return self._promised_epoch

    @property
    def chain(self) -> bytes:
        return self._place.chain or NO_CHAIN

    @property
    def halted(self) -> JournalHalted | None:
        return self._halted

    @property
    def records_max(self) -> int:
        """Most records one block can hold: a segment less its header and the BLOCK record."""
        return self._size_bytes // RECORD_BYTES - 2

    @property
    def next_failure(self) -> OSError | None:
        """Why the next segment could not be prepared, for an alarm. Harmless until this segment ends."""
        return self._spare.failure if self._spare is not None else None

    # --- writing ------------------------------------------------------------------------------------------------

    def promise(self, epoch: int) -> None:
        """Refuse every lower epoch from now on, also after a restart; durable on return (rule 2 of the protocol).

        Errors: EpochRefused unless `epoch` is higher than this journal's and any promised; JournalHalted.
        """
        with self._lock:
            self._check_alive()
            if epoch <= max(self.epoch, self._promised_epoch):
                raise EpochRefused(f"epoch {epoch} is not higher than {max(self.epoch, self._promised_epoch)}")
            self._final("promise", lambda: write_promise(self.folder, epoch, self._files))
            self._promised_epoch = epoch

    def begin_epoch(self, epoch: int, *, owner: int, make: int, time: int) -> Epoch:
        """Write and sync an EPOCH record: this writer may append from now on. `time` in ns since 1970.

        Errors: EpochRefused unless `epoch` is higher than any before it; JournalHalted.
        """
        with self._lock:
            self._check_alive()
            if epoch <= self.epoch:
                raise EpochRefused(f"epoch {epoch} is not higher than {self.epoch}")
            self._check_promise(epoch)
            at = self._place
            frame, chain = pack_epoch(
                position=at.position,
                time=time,
                make=make,
                epoch=epoch,
                owner=owner,
                trading_day=self.day.trading_day,
                chain=self.chain,
            )
            self._final("epoch", lambda: self._write_epoch(frame, epoch, chain))
            self._final("sync of an epoch", self._sync)
            self._owner_epoch = epoch
            day = self.day.trading_day
            return Epoch(at.position, time, make, epoch, owner, day, chain, frame, at.segment, at.offset_bytes - 64)

    def append(self, records: Records, digest: int) -> Block:
        """Write one commit block (not yet durable): contiguous records with the positions that come next, and the state
        digest after them. The answer's `raw` is None; `chain` and `position` are what replication needs beside it.

        Errors: AppendRefused, EpochRefused (nothing written, the writer goes on); JournalHalted.
        """
        with self._lock:
            self._check_alive()
            if self._owner_epoch != self.epoch or not self.epoch:
                raise EpochRefused(f"epoch {self.epoch} was not begun by this writer")
            self._check_promise(self.epoch)
            rows = check_records(records, self.position, self.records_max)
            data = flat(rows)
            last = self.position + len(rows)
            frame, chain = pack_block(data, len(rows), last, digest, self.epoch, self.chain)
            return self._put(rows, data, frame, digest, chain)

    def append_received(self, raw: Buffer) -> Block | Epoch:
        """A follower's append: one frame (Block.raw or Epoch.raw of another journal), checked whole, then written as
        it is; not durable before `sync`. Errors: EpochRefused (epoch is over), AppendRefused (does not follow),
        JournalHalted.
        """
        with self._lock:
            self._check_alive()
            frame = parse_received(raw, self._place, self.records_max)
            self._check_promise(frame.epoch)
            if isinstance(frame, Epoch):
                self._follow_epoch(frame)
                return frame
            rows = frame.records
            return self._put(rows, flat(rows), bytes(frame.raw[-RECORD_BYTES:]), frame.digest, frame.chain)

    def append_sealed(self, records: Records | None, seal: bytes) -> tuple[int, int]:
        """Write a frame that its owner has sealed: a block's records and its BLOCK record, or (None) an EPOCH record.
        Nothing of the seal is computed again. Returns where the frame lies: segment, offset in bytes. `sync` follows.

        Errors: AppendRefused, EpochRefused (nothing written, the writer goes on); JournalHalted.
        """
        with self._lock:
            self._check_alive()
            if records is None:
                epoch, chain = EPOCH_STRUCT.unpack(seal)[4], seal[-len(NO_CHAIN) :]
                self._check_promise(epoch)
                if epoch <= self.epoch:
                    raise EpochRefused(f"epoch {epoch} is not higher than {self.epoch}")
                self._final("epoch", lambda: self._write_epoch(seal, epoch, chain))
                return self._place.segment, self._place.offset_bytes - RECORD_BYTES
            rows = check_records(records, self.position, self.records_max)
            _, digest, _, epoch, _, _, chain = BLOCK_STRUCT.unpack(seal)
            self._check_promise(epoch)
            if epoch != self.epoch:
                raise EpochRefused(f"the block is of epoch {epoch}, this journal of {self.epoch}")
            block = self._put(rows, flat(rows), seal, digest, chain)
            return block.segment, block.offset_bytes

    def sync(self) -> int:
        """Make everything appended so far durable; the position that is. Errors: JournalHalted."""
        with self._lock:
            self._check_alive()
            self._final("sync", self._sync)
            return self._durable_position

    def commit(self, records: Records, digest: int) -> int:
        """`append` and `sync`; the durable position."""
        self.append(records, digest)
        return self.sync()

    def prepare_next(self) -> None:
        """Try again to prepare the next segment after `next_failure`, or wait until it is ready."""
        with self._lock:
            self._check_alive()
            if self._spare is not None:
                self._spare.retry()
                self._spare.wait()

    def close(self) -> None:
        """Sync if the writer is alive, release the folder. Closing a halted writer only releases."""
        with self._lock:
            try:
                if self._halted is None and self._dirty:
                    self._final("close", self._sync)
            finally:
                self._halted = self._halted or JournalHalted("close", None, self._durable_position)
                self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _check_alive(self) -> None:
        if self._halted is not None:
            raise self._halted

    def _check_promise(self, epoch: int) -> None:
        if epoch < self._promised_epoch:
            raise EpochRefused(f"epoch {epoch} is over: {self._promised_epoch} is promised")

    def _final(self, step: str, action: Callable[[], None]) -> None:
        """Run a step that must not fail. Any exception in it, an interrupt too, leaves the file in doubt: HALTED."""
        try:
            action()
        except JournalError:
            raise
        except OSError as error:
            self._halted = JournalHalted(step, error, self._durable_position)
            raise self._halted from error
        except BaseException as error:
            self._halted = JournalHalted(step, error, self._durable_position)
            raise

    def _put(self, rows: Records, data: Buffer, frame: bytes, digest: int, chain: bytes) -> Block:
        size_bytes = (len(rows) + 1) * RECORD_BYTES
        at = self._place
        self._final("append", lambda: self._write([data, frame], size_bytes, len(rows), chain))
        return Block(at.position, digest, self.epoch, chain, rows, None, at.segment, at.offset_bytes - size_bytes)

    def _follow_epoch(self, frame: Epoch) -> None:
        self._final("epoch", lambda: self._write_epoch(frame.raw, frame.epoch, frame.chain))
        self._owner_epoch = -1

    def _write_epoch(self, frame: bytes, epoch: int, chain: bytes) -> None:
        self._write([frame], RECORD_BYTES, 0, chain)
        self._place.epoch = epoch

    def _write(self, buffers: list[Buffer], size_bytes: int, count: int, chain: bytes) -> None:
        at = self._place
        if at.offset_bytes + size_bytes > self._size_bytes:
            self._roll()
        self._dirty = True
        write_all(self._files, self._fd, buffers, at.offset_bytes, size_bytes)
        at.offset_bytes += size_bytes
        at.position += count
        at.chain = chain

    def _sync(self) -> None:
        if self._dirty:
            self._files.fdatasync(self._fd)
            self._dirty = False
        self._durable_position = self._place.position

    def _roll(self) -> None:
        """Go on in the next segment. The old one is synced first, so that only the last segment can be torn."""
        self._sync()
        old, self._fd = self._fd, -1
        self._files.close(old)
        self._take_spare(self._place.segment + 1)

    def _first_segment(self) -> None:
        sync_folder(self._files, str(self.folder.parent))
        self._spare = self._new_spare(1)
        self._take_spare(1)

    def _take_spare(self, number: int) -> None:
        assert self._spare is not None
        head = SegmentHead(number, self._place.position, self._size_bytes, self.day)
        self._fd = self._spare.take(head)
        self._place.segment, self._place.offset_bytes = number, RECORD_BYTES
        self._spare = self._new_spare(number + 1)

    def _new_spare(self, number: int) -> Spare:
        return Spare(self._files, str(self.folder), number, self._size_bytes, background=self._background)

    def _recover(self) -> None:
        for left_over in self.folder.glob("*.tmp"):
            self._files.unlink(str(left_over))
        self._promised_epoch = read_promise(self.folder)
        found = recover(self.folder, self._files)
        self.recovery, self._place = found.report, found.place
        self.day, self._size_bytes = found.report.day, found.last.size_bytes
        self._durable_position = found.place.position
        path = self.folder / segment_name(found.place.segment)
        self._fd = self._files.open(str(path), os.O_RDWR)
        self._spare = self._new_spare(found.place.segment + 1)

    def _release(self) -> None:
        if self._spare is not None:
            self._spare.close()
            self._spare = None
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock_fd = -1
