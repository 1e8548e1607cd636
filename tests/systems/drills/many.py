"""Many drills, one row each: PYTHONPATH=. python -m tests.systems.drills.many FIRST STOP FILE; `make drills` runs 200.

A row is written when its drill is over; a drill that fails leaves its folder and a row with what was wrong.
"""

import csv
import shutil
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

from tests.systems.drills.drill import Outcome, draw, run

COLUMNS = [field.name for field in fields(Outcome)] + ["wrong"]


def hold(first: int, stop: int, out: Path) -> int:
    """Seeds `first` to `stop` - 1 that the file does not have yet; how many went wrong."""
    done = {int(row["seed"]) for row in csv.DictReader(out.open(newline=""))} if out.exists() else set()
    with out.open("a", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        if not done:
            rows.writeheader()
        wrong = 0
        for seed in range(first, stop):
            if seed in done:
                continue
            row = one(seed)
            wrong += bool(row["wrong"])
            rows.writerow(row)
            file.flush()
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    return wrong


def one(seed: int) -> dict[str, object]:
    """A drill as a row."""
    folder = Path(tempfile.mkdtemp(prefix=f"drill-{seed}-"))
    try:
        outcome = run(draw(seed), folder)
    except (AssertionError, TimeoutError, OSError) as error:
        faults = "; ".join(f"{fault.kind} at {fault.at:.2f}" for fault in draw(seed).faults)
        return {"seed": seed, "faults": faults, "wrong": f"{folder}: {type(error).__name__}: {error}"[:400]}
    shutil.rmtree(folder)
    return asdict(outcome) | {"wrong": ""}


if __name__ == "__main__":
    sys.exit(hold(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])) > 0)
