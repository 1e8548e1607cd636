"""What the tests of this folder share: a session's output as bytes, in batches of any size, whole runs together."""

from collections.abc import Iterator

from evermarket.core import Core
from evermarket.records import Records
from evermarket.records.kinds import FIRST_EVENT
from tests.models.day import batches
from tests.models.words import join, split


def in_batches(commands: list[bytes], size: int) -> Iterator[Records]:
    """Batches of `size` commands; a run counts as one, for it may not be torn apart (docs/format.md, section 4.1)."""
    runs = batches(commands)
    for at in range(0, len(runs), size):
        yield join([raw for run in runs[at : at + size] for raw in run])


def stream(core: Core, commands: list[bytes], size: int) -> list[bytes]:
    """Everything the core gives."""
    return [raw for batch in in_batches(commands, size) for raw in split(core.run(batch))]


def commands_of(out: list[bytes]) -> list[bytes]:
    """The commands and their texts, filtered out of a stream."""
    return [raw for raw in out if raw[16] < FIRST_EVENT]
