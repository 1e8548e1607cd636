"""Two cores of different make give the same bytes: generated sessions of all phases and products, a board.

On a difference: the seed, the smallest commands that show it, and both answers, ready to become a scenario.
`EVERMARKET_TWIN_SEEDS=5000 pytest tests/twin` goes further.
"""

import os
from collections.abc import Iterator

import pytest

from evermarket.continuity.case import vector
from evermarket.continuity.minimise import Fresh, minimise
from evermarket.continuity.runs import first_unequal
from evermarket.core import Core
from evermarket.day.cores import open_core
from evermarket.day.opening import open_source
from evermarket.day.source import Source
from evermarket.day.whole import Wishes, hold_day
from evermarket.records import Records
from evermarket.records.raw import duplicate
from evermarket.twin import Twin
from tests.models.generate import session

SEEDS = int(os.environ.get("EVERMARKET_TWIN_SEEDS", "1000"))
LENGTH = int(os.environ.get("EVERMARKET_LENGTH", "300"))
PART = 50
BOOKS = [(instrument, segment) for instrument in range(1, 9) for segment in range(1, 8)]
LEVELS = 50


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    with Twin() as opened:
        yield opened


def check(twin: Twin, commands: Records, name: str) -> None:
    """All bytes, the digest, and every book as it stands and as a match would leave it."""
    core = Core()
    told = duplicate(core.run(commands))
    twin.fresh()
    if first_unequal(told, twin.run(commands)) is not None or int(core.digest) != twin.digest:
        pytest.fail(f"{name}\n{shown(commands)}", pytrace=False)
    assert (core.position, core.live) == (twin.position, twin.live), name
    for place in BOOKS:
        assert tuple(core.depth(*place, LEVELS)) == twin.depth(*place, LEVELS), (name, place)
        assert tuple(core.unfilled(*place, LEVELS)) == twin.unfilled(*place, LEVELS), (name, place)


def shown(commands: Records) -> str:
    """The smallest difference, as a vector."""
    cores: dict[str, Fresh] = {"primary": Core, "twin": Twin}
    least = minimise(Core, Twin, commands, trials=300)
    return vector(least if least is not None else commands, cores)


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_generated_sessions_give_the_same_bytes(twin: Twin, first: int) -> None:
    for seed in range(first, min(first + PART, SEEDS)):
        check(twin, session(seed, LENGTH), f"seed {seed}")


def test_the_simulated_board_gives_the_same_bytes() -> None:
    def board() -> Source:
        return open_source("sim:", {"seed": 11, "orders": 20_000})

    days = [hold_day(board(), open_core(name), Wishes(watch_books=False)) for name in ("primary", "twin")]
    assert days[0].stream_sha256 == days[1].stream_sha256
    assert days[0].run.digest == days[1].run.digest
