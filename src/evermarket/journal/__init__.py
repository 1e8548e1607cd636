"""The memory of the market: append, sync, recover, read. The law is docs/format.md, section 8.

One writer, any number of readers beside it. `JournalWriter` appends commit blocks; `Journal` reads them; snapshots make
a restart short; `first_difference` tells two journals apart.
"""

from evermarket.journal.diff import Difference, first_difference
from evermarket.journal.errors import (
    AppendRefused,
    EpochRefused,
    JournalDamaged,
    JournalError,
    JournalExists,
    JournalHalted,
    JournalLocked,
    JournalMissing,
    JournalVersion,
    SnapshotBroken,
)
from evermarket.journal.files import OS_FILES, Files
from evermarket.journal.frames import Block, DayFacts, Epoch
from evermarket.journal.reader import Cursor, Journal
from evermarket.journal.recovery import Cut, Report, cut_after
from evermarket.journal.snapshot import Snapshot, load_snapshot, newest_snapshot, write_snapshot
from evermarket.journal.writer import JournalWriter

__all__ = [
    "OS_FILES",
    "AppendRefused",
    "Block",
    "Cursor",
    "Cut",
    "DayFacts",
    "Difference",
    "Epoch",
    "EpochRefused",
    "Files",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalExists",
    "JournalHalted",
    "JournalLocked",
    "JournalMissing",
    "JournalVersion",
    "JournalWriter",
    "Report",
    "Snapshot",
    "SnapshotBroken",
    "cut_after",
    "first_difference",
    "load_snapshot",
    "newest_snapshot",
    "write_snapshot",
]
