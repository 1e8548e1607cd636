"""A generated session as a primary's journal, and the same journal with one record or digest changed."""

from collections.abc import Callable
from pathlib import Path

from evermarket.core import Core
from evermarket.journal import DayFacts, JournalWriter
from evermarket.records import Records
from evermarket.records.raw import duplicate, join
from tests.models.day import batches
from tests.models.generate import session
from tests.models.words import join as of_bytes
from tests.models.words import split

BLOCK_RUNS = 40
Change = Callable[[Records], Records]


def commands(seed: int, count: int = 300) -> list[Records]:
    """The session in batches that part no run."""
    runs = [of_bytes(run) for run in batches(split(session(seed, count)))]
    return [join(runs[at : at + BLOCK_RUNS]) for at in range(0, len(runs), BLOCK_RUNS)]


def write(folder: Path, seed: int, change: Change = lambda records: records, wrong_digest_at: int = 0) -> Path:
    """Run and write the session. `change` is given each block's records before they are written."""
    core = Core()
    with JournalWriter.create(folder, DayFacts(20261120), background=False) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for number, batch in enumerate(commands(seed), 1):
            told = duplicate(core.run(batch))
            writer.commit(change(told), int(core.digest) ^ int(number == wrong_digest_at))
    return folder
