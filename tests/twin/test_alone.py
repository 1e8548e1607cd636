"""The twin alone: every scenario through its pipe, and a pipe that answers wrong requests and ends cleanly."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from evermarket.records import Kind, blank
from evermarket.records.layout import HEADER
from evermarket.twin import Twin, TwinMissing, TwinRefused, TwinStopped, find_binary
from evermarket.twin.pipe import Op
from tests.models.words import join, split
from tests.vectors.reader import read

SCENARIOS = sorted((Path(__file__).parents[1] / "vectors" / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_twin_gives_what_the_scenario_says(path: Path) -> None:
    with Twin() as twin:
        for number, step in enumerate(read(path.read_text("utf-8"))):
            if step.first:
                twin.fresh()
            assert split(twin.run(join(step.commands))) == step.out, (step.market, number)
            assert twin.digest == step.digest, (step.market, number)


def test_a_time_that_goes_back_is_refused_and_changes_nothing() -> None:
    late, early = blank(Kind.ANNOUNCE), blank(Kind.ANNOUNCE)
    late["time"], early["time"] = 2, 1
    with Twin() as twin:
        twin.run(late)
        before = (twin.position, twin.digest)
        with pytest.raises(TwinRefused, match="time"):
            twin.run(early)
        twin.run(np.zeros(0, HEADER))
        assert (twin.position, twin.digest) == before


def test_an_unknown_request_is_refused_with_a_sentence() -> None:
    with Twin() as twin, pytest.raises(TwinRefused, match="op"):
        twin._ask(99)  # type: ignore[arg-type]


def test_half_a_record_is_refused() -> None:
    with Twin() as twin, pytest.raises(TwinRefused, match="64"):
        twin._ask(Op.RUN, bytes(65))


def test_a_killed_twin_is_told_as_such() -> None:
    twin = Twin()
    os.kill(twin._process.pid, signal.SIGKILL)
    with pytest.raises(TwinStopped, match="-9"):
        twin.run(blank(Kind.ANNOUNCE))


def test_a_missing_twin_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVERMARKET_TWIN", str(tmp_path / "nowhere"))
    with pytest.raises(TwinMissing, match="make setup"):
        find_binary()
