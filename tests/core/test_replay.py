"""A stream holds all that is needed to make it again: its commands, in batches of any size, or from a snapshot on."""

import random
from pathlib import Path

import pytest

from evermarket.core import Core
from evermarket.core.state import Array
from evermarket.journal import Snapshot, load_snapshot, write_snapshot
from tests.core.sessions import commands_of, in_batches, stream
from tests.core.structure import check_structure
from tests.models.generate import session
from tests.models.words import join, split
from tests.vectors.reader import read

SEEDS = range(200, 206)
LENGTH = 300
ALL = 10**6
SCENARIOS = Path(__file__).parents[1] / "vectors" / "scenarios"
FORGETFUL = ("off_book", "rolling_window", "after_a_call", "postponed_close", "quotes", "draw", "halts", "line_ids")
"""Scenarios that depend on what was remembered long before: voids, the window, calls, quotes, owed actions."""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_commands_of_a_stream_give_the_same_stream_whatever_the_batches(seed: int) -> None:
    first = Core()
    out = stream(first, split(session(seed, LENGTH)), ALL)
    for size in (1, 7, ALL):
        again = Core()
        assert stream(again, commands_of(out), size) == out, f"seed {seed}, batches of {size}"
        assert again.digest == first.digest
        assert again.position == first.position == len(out)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_core_loaded_from_a_snapshot_goes_on_with_the_same_bytes(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    commands = list(in_batches(split(session(seed, LENGTH)), 1))
    cuts = sorted(chance.sample(range(1, len(commands)), 3))
    core = Core()
    copies: list[Core] = []
    for index, batch in enumerate(commands):
        if index in cuts:
            copies.append(Core.load(through_a_file(core, tmp_path)) if len(copies) == 1 else Core.load(core.save()))
            check_structure(copies[-1])
        expected = split(core.run(batch))
        for copy, cut in zip(copies, cuts, strict=False):
            assert split(copy.run(batch)) == expected, f"seed {seed}, command {index}, snapshot before {cut}"
            assert copy.digest == core.digest, f"seed {seed}, command {index}, snapshot before {cut}"


@pytest.mark.parametrize("name", FORGETFUL)
def test_a_core_that_is_saved_and_loaded_before_each_command_forgets_nothing(name: str) -> None:
    core = Core()
    for number, step in enumerate(read((SCENARIOS / f"{name}.txt").read_text("utf-8"))):
        core = Core() if step.first else Core.load(core.save())
        assert split(core.run(join(step.commands))) == step.out, f"{name}, market {step.market}, step {number}"
        assert core.digest == step.digest


def through_a_file(core: Core, folder: Path) -> dict[str, Array]:
    """The state as the journal's snapshot file brings it back."""
    written = Snapshot(core.position, 1, core.digest, bytes(32), core.save())
    read = load_snapshot(write_snapshot(folder, written))
    assert (read.position, read.digest) == (core.position, core.digest)
    return dict(read.arrays)


def test_saving_changes_nothing_and_a_saved_state_stays_as_it_was() -> None:
    rows = list(in_batches(split(session(200, LENGTH)), 50))
    watched, left_alone = Core(), Core()
    for batch in rows[:4]:
        watched.run(batch)
        left_alone.run(batch)
    saved = watched.save()
    before = {name: array.tobytes() for name, array in saved.items()}
    for batch in rows[4:]:
        assert split(watched.run(batch)) == split(left_alone.run(batch))
    assert {name: array.tobytes() for name, array in saved.items()} == before


def test_two_cores_do_not_share_anything() -> None:
    one, other = split(session(201, LENGTH)), split(session(202, LENGTH))
    alone = stream(Core(), one, 1), stream(Core(), other, 1)
    first, second = Core(), Core()
    together: tuple[list[bytes], list[bytes]] = ([], [])
    pairs = list(zip(in_batches(one, 1), in_batches(other, 1), strict=False))
    for mine, yours in pairs:
        together[0].extend(split(first.run(mine)))
        together[1].extend(split(second.run(yours)))
    assert together[0] == alone[0][: len(together[0])]
    assert together[1] == alone[1][: len(together[1])]
