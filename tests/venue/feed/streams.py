"""What the tests of this folder share: a core's stream in blocks, beside the core that wrote it."""

from collections.abc import Iterator

from evermarket.core import Core
from evermarket.records import HEADER, Records
from tests.core.sessions import in_batches
from tests.models.generate import session
from tests.models.words import split

SEEDS = range(40, 46)
LENGTH = 300


def copied(records: Records) -> Records:
    """Whole records, kept."""
    return records.view("V64").copy().view(HEADER)


def blocks(core: Core, seed: int, length: int = LENGTH, size: int = 1) -> Iterator[Records]:
    """The stream of a generated session, a block a batch of `size` commands; the core stands behind the last one."""
    for batch in in_batches(split(session(seed, length)), size):
        yield copied(core.run(batch))


def whole(seed: int, length: int = LENGTH, size: int = 1) -> list[Records]:
    """All blocks of a session."""
    return list(blocks(Core(), seed, length, size))
