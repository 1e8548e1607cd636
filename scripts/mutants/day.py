"""The day that a mutant must not survive: generated sessions of every phase and product, and every rule's scenario.

The answers are those on which both cores and the slow model agree (tests/core, tests/twin).
"""

import hashlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from evermarket.continuity.runs import runs_of
from evermarket.day.runner import MatchingCore
from evermarket.records import Records
from evermarket.records.raw import join

ROOT = Path(__file__).parents[2]
SESSIONS = 60
FIRST = 10
LENGTH = 400
BATCH = 50
BOOKS = [(instrument, segment) for instrument in range(1, 7) for segment in range(1, 8)]
LEVELS = 5


class Asked(NamedTuple):
    """One market: where it is from (a seed, a scenario), its commands, the fingerprint of the right answer."""

    name: str
    commands: Records
    answer: str


def fingerprint(core: MatchingCore, commands: Records) -> str:
    """All bytes, the digest after each batch, and every book at the end; in batches, because a core writes its answers
    over the last ones."""
    total = hashlib.sha256()
    runs = runs_of(commands)
    for at in range(0, len(runs), BATCH):
        total.update(core.run(join(runs[at : at + BATCH])).tobytes())
        total.update(int(core.digest).to_bytes(8, "little"))
    for place in BOOKS:
        total.update(repr([tuple(core.depth(*place, LEVELS)), tuple(core.unfilled(*place, LEVELS))]).encode())
    return total.hexdigest()


def scenarios() -> Iterator[tuple[str, Records]]:
    """The commands of every market of the scenario vectors, and their names."""
    from tests.models.words import join as records
    from tests.vectors.reader import read

    for path in sorted((ROOT / "tests" / "vectors" / "scenarios").glob("*.txt")):
        rows: list[bytes] = []
        for step in read(path.read_text("utf-8")):
            if step.first and rows:
                yield path.stem, records(rows)
                rows = []
            rows += step.commands
        yield path.stem, records(rows)


def sessions(seeds: range) -> Iterator[tuple[str, Records]]:
    """Generated sessions, named by their seeds."""
    from tests.models.generate import session

    for seed in seeds:
        yield str(seed), session(seed, LENGTH)


def answered() -> list[Asked]:
    """The day, answered by the compiled primary; the scenarios come early, they are short and aim at the rules."""
    from evermarket.core import Core

    parts = (sessions(range(FIRST)), scenarios(), sessions(range(FIRST, SESSIONS)))
    return [Asked(name, commands, fingerprint(Core(), commands)) for part in parts for name, commands in part]


def store(path: Path) -> None:
    """Written by a process with compiled kernels, read by those without."""
    rows = [(one.name, one.commands.tobytes(), one.answer) for one in answered()]
    path.write_bytes(pickle.dumps(rows))


def load(path: Path) -> list[Asked]:
    """What `store` wrote."""
    import numpy as np

    from evermarket.records import HEADER

    return [Asked(name, np.frombuffer(raw, HEADER), answer) for name, raw, answer in pickle.loads(path.read_bytes())]


if __name__ == "__main__":
    store(Path(sys.argv[1]))
