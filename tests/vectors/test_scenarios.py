"""The scenario files: fresh, readable with nothing but lines and hexadecimal, and complete."""

from pathlib import Path

import pytest
from scripts import make_vectors

from evermarket.records.codes import Code
from evermarket.records.kinds import Kind
from tests.models.market import Model
from tests.models.words import decode, join, split
from tests.vectors.reader import Step, read

FILES = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
RARE = {Code.FULL, Code.SWITCHED_OFF, Code.GUARDED}
"""Refusals that a scenario of bearable length does not reach, and those that no rule gives but an owner."""


def steps(path: Path) -> list[Step]:
    return list(read(path.read_text("utf-8")))


def test_the_scenario_files_are_fresh() -> None:
    assert make_vectors.stale(check=True) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_model_gives_what_the_file_says(path: Path) -> None:
    model = Model()
    for step in steps(path):
        if step.first:
            model = Model()
        assert split(model.run(join(step.commands))) == step.out
        assert model.digest == step.digest


def test_every_refusal_is_in_some_scenario() -> None:
    seen = {decode(raw).code for path in FILES for step in steps(path) for raw in step.out if raw[16] == Kind.REJECTED}
    assert set(Code) - seen == RARE


def test_every_command_and_event_is_in_some_scenario() -> None:
    seen = {raw[16] for path in FILES for step in steps(path) for raw in step.out}
    reserved = {Kind.CONVERTED, Kind.LEVEL_CHANGED, Kind.BLOCK, Kind.EPOCH, Kind.SEGMENT}
    assert set(Kind) - seen == reserved
