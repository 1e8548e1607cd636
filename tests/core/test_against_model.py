"""The core gives every byte that the slow, obvious model gives: records, digest and depth, command by command.

On a difference the message holds the seed, the index of the command, and both answers as lines; the command that
repeats it is `EVERMARKET_SEEDS=... pytest tests/core/test_against_model.py`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from evermarket.core import Core
from evermarket.records import NO_PRICE, Kind, Records
from tests.models.day import batches
from tests.models.generate import session, sessions
from tests.models.ladder import ladder, told
from tests.models.market import Model
from tests.models.words import join, split
from tests.vectors.reader import read

SEEDS = range(int(os.environ.get("EVERMARKET_SEEDS", "60")))
LENGTH = int(os.environ.get("EVERMARKET_LENGTH", "300"))
SCENARIOS = sorted((Path(__file__).parents[1] / "vectors" / "scenarios").glob("*.txt"))


def report(where: str, model: Model, expected: list[bytes], got: list[bytes]) -> str:
    """What a person needs to decide who is wrong: both answers side by side, and the books as the model sees them."""
    rows = [where]
    for at in range(max(len(expected), len(got))):
        pair = [rows_[at] if at < len(rows_) else b"" for rows_ in (expected, got)]
        same = pair[0] == pair[1]
        texts = [told(raw) if raw else "nothing" for raw in pair]
        rows += [f"  same      {texts[0]}"] if same else [f"  expected  {texts[0]}", f"  got       {texts[1]}"]
        if not same and texts[0] == texts[1]:
            rows += [f"            {pair[0].hex()}", f"            {pair[1].hex()}"]
    for place in model.market.books:
        picture = ladder(*model.depth(*place, 5))
        rows += [f"book {place[0]}/{place[1]} after", picture] if "empty" not in picture else []
    return "\n".join(rows)


def limits_only(
    sides: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]],
) -> list[list[tuple[int, int, int]]]:
    """Levels with a price; whether market orders are a level is not for the format to say."""
    return [[(int(p), int(q), int(n)) for p, q, n in side if p != NO_PRICE] for side in sides]


def compare_books(core: Core, model: Model, where: str) -> None:
    """Every book's levels, as they stand and as a match held now would leave them."""
    for place in model.market.books:
        assert limits_only(core.depth(*place, 1_000)) == limits_only(model.depth(*place, 1_000)), (where, place)
        assert limits_only(core.unfilled(*place, 1_000)) == limits_only(model.unfilled(*place, 1_000)), (where, place)


def compare(commands: Records, name: str) -> None:
    """Run both, one command at a time."""
    core, model = Core(), Model()
    for index, batch in enumerate(batches(split(commands))):
        expected, got = split(model.run(join(batch))), split(core.run(join(batch)))
        where = f"{name}, command {index}: {told(batch[0])}"
        if expected != got:
            pytest.fail(report(where, model, expected, got), pytrace=False)
        if model.digest != int(core.digest):
            digests = f"{where}\n  digest expected {model.digest:016x} got {int(core.digest):016x}"
            pytest.fail(report(digests, model, expected, got), pytrace=False)
        if Kind.INDICATIVE in {raw[16] for raw in got}:
            compare_books(core, model, where)
    compare_books(core, model, name)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_generated_session_gives_the_same_bytes_from_core_and_model(seed: int) -> None:
    compare(session(seed, LENGTH), f"seed {seed}")


@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a session says where it breaks; shrinking one takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(sessions())
def test_a_drawn_session_gives_the_same_bytes_from_core_and_model(commands: Records) -> None:
    compare(commands, "drawn session")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_in_one_batch_gives_the_same_bytes(seed: int) -> None:
    commands = session(seed, LENGTH)
    core, model = Core(), Model()
    assert split(core.run(commands)) == split(model.run(commands))
    assert int(core.digest) == model.digest


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_core_gives_what_the_scenario_says(path: Path) -> None:
    core, model = Core(), Model()
    for number, step in enumerate(read(path.read_text("utf-8"))):
        if step.first:
            core, model = Core(), Model()
        model.run(join(step.commands))
        got = split(core.run(join(step.commands)))
        where = f"{path.stem}, market {step.market}, step {number}"
        if got != step.out:
            pytest.fail(report(where, model, step.out, got), pytrace=False)
        assert int(core.digest) == step.digest, where
