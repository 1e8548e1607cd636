"""What the journal raises.

JournalError
|- JournalHalted      (OSError)            a write, sync or rename failed: this writer is finished for good
|- JournalDamaged     (ValueError)         a bad place with good ones behind it: a person or another core helps
|- JournalVersion     (ValueError)         written in a format that this version does not read
|- JournalMissing     (FileNotFoundError)  no segment in this folder
|- JournalExists      (FileExistsError)    there is a journal already
|- JournalLocked      (BlockingIOError)    another process writes this journal
|- AppendRefused      (ValueError)         the block breaks the format; nothing was written, the writer goes on
|  '- EpochRefused                         the block belongs to an epoch that is over
'- SnapshotBroken     (ValueError)         a snapshot file that is not whole
"""


# ruff: noqa: N818  (the names say what is the case, as the protocol pages do: HALTED, damaged)


class JournalError(Exception):
    """Root of the tree."""


class JournalHalted(JournalError, OSError):
    """Raised by the failing call and by every later one. `durable_position`: the last position that is safe."""

    def __init__(self, step: str, cause: BaseException | None, durable_position: int) -> None:
        super().__init__(f"HALTED at {step}: {cause}; durable up to position {durable_position}")
        self.step = step
        self.durable_position = durable_position


class JournalDamaged(JournalError, ValueError):
    """A bad place that recovery must not step over.

    `position` is the last good one before it, `position_behind` the last position of a good block behind it (or the
    position that a later segment starts after); None where nothing behind it could be read.
    """

    def __init__(
        self, reason: str, *, segment: int, offset_bytes: int, position: int, position_behind: int | None = None
    ) -> None:
        behind = "" if position_behind is None else f", good again at position {position_behind}"
        super().__init__(
            f"damaged at segment {segment}, offset {offset_bytes}: {reason}; good up to position {position}{behind}"
        )
        self.reason = reason
        self.segment = segment
        self.offset_bytes = offset_bytes
        self.position = position
        self.position_behind = position_behind


class JournalVersion(JournalError, ValueError):
    """The segment header names a format version other than ours."""


class JournalMissing(JournalError, FileNotFoundError):
    """The folder holds no segment."""


class JournalExists(JournalError, FileExistsError):
    """The folder holds a journal already."""


class JournalLocked(JournalError, BlockingIOError):
    """Another writer holds the folder."""


class AppendRefused(JournalError, ValueError):
    """The caller's block breaks the format (docs/format.md, section 8). Nothing was written."""


class EpochRefused(AppendRefused):
    """The epoch is not higher than the one before it, is over, or was never begun by this writer."""


class SnapshotBroken(JournalError, ValueError):
    """The file is not a whole snapshot."""
