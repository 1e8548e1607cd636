"""A journal as a source: its commands run again, and the stream that comes out is compared with it, byte by byte.

The commands hold their timers, so none is added. Order numbers stand for themselves. Codes and names come from the
texts behind each REF_INSTRUMENT.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from evermarket.day.source import Batch, Instrument, OrderLabels, TradingDay
from evermarket.records import HEADER, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.layout import TEXT
from evermarket.records.raw import join, take

ZONE: Final = "Asia/Taipei"
BATCH_COMMANDS: Final = 65_536


def is_journal(folder: Path) -> bool:
    """Whether the folder holds segment files."""
    return any(folder.glob("[0-9]*.seg"))


def read(folder: Path, zone: str = ZONE) -> "JournalSource":
    """Open the journal and read who its securities are."""
    from evermarket.journal import Journal

    journal = Journal.open(folder)
    number = journal.day.trading_day
    day = TradingDay(date(number // 10_000, number // 100 % 100, number % 100), zone)
    return JournalSource(folder, day, _instruments(blocks(folder)))


def blocks(folder: Path) -> Iterator[Records]:
    """The records of each block, in order."""
    from evermarket.journal import Block, Journal

    for frame in Journal.open(folder).frames():
        if isinstance(frame, Block):
            yield frame.records.view(HEADER)


def _instruments(parts: Iterator[Records]) -> list[Instrument]:
    found: dict[int, Instrument] = {}
    for part in parts:
        kinds = part["kind"]
        heads = np.flatnonzero(kinds == Kind.REF_INSTRUMENT)
        texts = part.view(TEXT)
        for head in heads:
            told = [b.decode(errors="replace") for b in texts["text"][head + 1 : head + 1 + (part["flags"][head] & 15)]]
            number = int(part["instrument"][head])
            code, name = (*told, "", "")[:2]
            found.setdefault(number, Instrument(number, code or str(number), name))
        if not len(heads) and found and (kinds == Kind.NEW).any():
            break
    return [found[number] for number in sorted(found)]


@dataclass(slots=True)
class JournalSource:
    """The commands of a journal."""

    folder: Path
    day: TradingDay
    instruments: list[Instrument]
    labels: OrderLabels = field(default_factory=OrderLabels)
    time_decimals: int = 6
    complete: bool = True
    expected: int = 0

    @property
    def title(self) -> str:
        """What the report calls it."""
        return f"journal {self.folder.name}"

    def reference(self) -> Records:
        """None apart: it stands among the commands."""
        return np.zeros(0, HEADER)

    def written(self) -> Iterator[Records]:
        """The stream as it was written: commands and events."""
        return blocks(self.folder)

    def batches(self) -> Iterator[Batch]:
        """The commands, some thousands at a time; a run of texts is never parted from its head."""
        held: list[Records] = []
        count = 0
        for part in blocks(self.folder):
            commands = take(part, part["kind"] < FIRST_EVENT, HEADER)
            if count >= BATCH_COMMANDS and len(commands) and commands["kind"][0] != Kind.TEXT:
                yield _numbered(held)
                held, count = [], 0
            held.append(commands)
            count += len(commands)
        if count:
            yield _numbered(held)


def _numbered(parts: list[Records]) -> Batch:
    commands = join(parts)
    return Batch(commands, commands["position"].astype(np.int64))
