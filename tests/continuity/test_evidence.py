"""The stored mutation runs are large enough, killed, and explained where they are not."""

import csv
from pathlib import Path

import pytest

EVIDENCE = Path(__file__).parents[2] / "evidence"
EQUIVALENT = "equivalent: "
"""How the explanation of a survivor begins that no input can tell from the sound core: it counts as no fault."""


@pytest.mark.parametrize("core", ["primary", "twin"])
def test_the_stored_run_has_enough_mutants_killed_and_every_survivor_explained(core: str) -> None:
    with (EVIDENCE / f"mutants-{core}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    survivors = [row for row in rows if row["outcome"] == "survived"]
    assert [row for row in survivors if not row["explanation"]] == []
    faults = [row for row in rows if not row["explanation"].startswith(EQUIVALENT)]
    assert len(faults) >= 200
    assert sum(row["outcome"] == "survived" for row in faults) <= len(faults) * 0.05
