"""`python -m scripts.mutants primary|twin [--count 220] [--seed 1] [--again] [--out evidence/mutants-CORE.csv]`.

Writes one row a mutant: file, line, operator, before, after, outcome (answer, stop, survived), the market that told,
and a column in which a person explains a survivor; explanations of the file that is replaced are kept. `--again`: only
the survivors of that file, once more, after the day has become sharper. A fault that does not compile counts for
nothing and another one is taken.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path

from scripts.mutants.site import Row, again, described, draw

ROOT = Path(__file__).parents[2]
COLUMNS = ["file", "line", "operator", "before", "after", "outcome", "session", "explanation"]
SPARE = 3
"""Sites drawn for each one wanted: some do not compile."""


def key(row: Row) -> tuple[str, ...]:
    """What makes two rows the same fault, whatever became of it."""
    return tuple(row[name] for name in ("file", "line", "before", "after"))


def read(path: Path) -> list[Row]:
    """The rows of an earlier run."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[Row]) -> None:
    """All rows, anew."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("core", choices=["primary", "twin"])
    parser.add_argument("--count", type=int, default=220)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    out: Path = args.out or ROOT / "evidence" / f"mutants-{args.core}.csv"
    make = import_module(f"scripts.mutants.{args.core}")
    earlier = read(out)
    why = {key(row): row["explanation"] for row in earlier}
    kept = [row for row in earlier if row["outcome"] != "survived"] if args.again else []
    survivors = [row for row in earlier if row["outcome"] == "survived"]
    chosen = again(make.sites(), survivors, ROOT) if args.again else draw(make.sites(), args.count * SPARE, args.seed)
    total: Counter[str] = Counter(row["outcome"] for row in kept)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        subprocess.run([sys.executable, "-m", "scripts.mutants.day", str(work / "day")], cwd=ROOT, check=True)
        for site, said in make.run_mutants(work, work / "day", chosen):
            outcome, session = (*said.split(" ", 2), "")[:2]
            if outcome == "unbuilt":
                continue
            row = described(site, ROOT) | {"outcome": outcome, "session": session}
            kept.append(row | {"explanation": why.get(key(row), "")})
            write(out, kept)
            total[outcome] += 1
            print(f"{len(kept)} of {args.count}: {dict(total)}", file=sys.stderr)
            if len(kept) == args.count and not args.again:
                break
    killed = total["answer"] + total["stop"]
    print(f"{args.core}: {killed} of {len(kept)} mutants killed within the day ({total['stop']} by a stop)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
