"""A whole day from a source to its facts: the runner with every sink and watcher that the outputs need."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from evermarket.day.errors import SourceError
from evermarket.day.keeping import Compared, JournalSink, Progress, StreamHash
from evermarket.day.orders import Kept, Orders
from evermarket.day.runner import MatchingCore, Run, Runner, Sink, Watcher
from evermarket.day.source import Ints, Source
from evermarket.day.watching import BookWatch, LevelWatch
from evermarket.records import Kind

KEPT: Final = (
    Kind.TRADED,
    Kind.REJECTED,
    Kind.INDICATIVE,
    Kind.AUCTIONED,
    Kind.STABILISATION_STARTED,
    Kind.STABILISATION_ENDED,
    Kind.PHASE_CHANGED,
    Kind.HALTED,
    Kind.RESUMED,
    Kind.DRAWN,
    Kind.CLOSED,
    Kind.STATISTICS,
)


@dataclass(slots=True)
class Wishes:
    """What beside the day itself somebody wants."""

    journal: Path | None = None
    levels_after: Ints | None = None
    levels_codes: list[str] | None = None
    watch_books: bool = True
    progress: bool = False


@dataclass(slots=True)
class DayFacts:
    """Everything that a day left behind, before it is written anywhere."""

    source: Source
    run: Run
    orders: Orders
    kept: Kept
    books: BookWatch | None
    levels: LevelWatch | None
    stream_sha256: str
    compared: Compared | None = None
    journal_chain: str = ""
    journal_ns: int = 0
    journal_records: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def trades(self) -> int:
        """How many trades there were."""
        return len(self.kept.of(Kind.TRADED))


def hold_day(source: Source, core: MatchingCore, wishes: Wishes | None = None) -> DayFacts:
    """Run the day to its end, or to an interrupt. Everything told to the journal is durable on return."""
    wishes = wishes or Wishes()
    orders = Orders()
    kept = Kept(*KEPT)
    stream_hash = StreamHash()
    sinks: list[Sink] = [orders, kept, stream_hash]
    compared = _compared(source)
    if compared is not None:
        sinks.append(compared)
    journal = JournalSink(wishes.journal, source.day) if wishes.journal else None
    if journal is not None:
        sinks.append(journal)
    levels = _level_watch(source, wishes)
    books = BookWatch(orders) if wishes.watch_books else None
    watchers: list[Watcher] = [watcher for watcher in (levels, books) if watcher is not None]
    progress = Progress(source.day, source.expected) if wishes.progress else None
    if progress is not None:
        sinks.append(progress)
    try:
        run = Runner(core, sinks, watchers).run(source)
    finally:
        if progress is not None:
            progress.close()
    facts = DayFacts(source, run, orders, kept, books, levels, stream_hash.hex, compared)
    if compared is not None and not run.interrupted:
        compared.finish()
    if journal is not None:
        facts.journal_chain = journal.close()
        facts.journal_ns, facts.journal_records = journal.took_ns, journal.records
    return facts


def _compared(source: Source) -> Compared | None:
    written = getattr(source, "written", None)
    return Compared(written()) if written is not None else None


def _level_watch(source: Source, wishes: Wishes) -> LevelWatch | None:
    if wishes.levels_after is None:
        return None
    numbers = {one.code: one.number for one in source.instruments}
    if wishes.levels_codes is None:
        if len(numbers) != 1:
            raise SourceError("the file of --levels-after needs a column code: the source has several securities")
        only = source.instruments[0].number
        return LevelWatch(wishes.levels_after, np.full(len(wishes.levels_after), only, np.int64))
    for code in wishes.levels_codes:
        if code not in numbers:
            raise SourceError(f"{code} in the file of --levels-after is no security of this source")
    chosen = np.asarray([numbers[code] for code in wishes.levels_codes], np.int64)
    return LevelWatch(wishes.levels_after, chosen)
