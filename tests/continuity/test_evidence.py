"""The stored mutation runs are large enough, killed, explained where they are not; the stored drills lost nothing."""

import csv
from pathlib import Path

import pytest

from tests.systems.drills.faults import KINDS

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


def test_the_stored_drills_lost_and_doubled_nothing_whatever_went_wrong() -> None:
    with (EVIDENCE / "drills.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["lost"], row["doubled"]) for row in rows} == {("0", "0")}
    kinds = {fault.split()[0] for row in rows for fault in row["faults"].split("; ")}
    assert kinds == set(KINDS)
    assert {row["owner"] for row in rows} == {"P", "T"}
