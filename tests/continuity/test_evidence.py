"""The stored mutation runs are large enough, killed, and explained where they are not."""

import csv
from pathlib import Path

import pytest

EVIDENCE = Path(__file__).parents[2] / "evidence"


@pytest.mark.parametrize("core", ["primary", "twin"])
def test_the_stored_run_has_enough_mutants_killed_and_every_survivor_explained(core: str) -> None:
    with (EVIDENCE / f"mutants-{core}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    survivors = [row for row in rows if row["outcome"] == "survived"]
    assert len(rows) >= 200
    assert len(survivors) <= len(rows) * 0.05
    assert [row for row in survivors if not row["explanation"]] == []
