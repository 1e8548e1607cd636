"""`python -m scripts.mutants primary|twin [--count 220] [--seed 1] [--out evidence/mutants-CORE.csv]`.

Writes one row a mutant: file, line, operator, before, after, outcome (answer, stop, survived), the session that told,
and an empty column in which a person explains a survivor. Rows already explained keep their explanation.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
COLUMNS = ["file", "line", "operator", "before", "after", "outcome", "session", "explanation"]


def explained(path: Path) -> dict[tuple[str, ...], str]:
    """Explanations of an earlier run, by everything before the outcome but the line."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["file"], row["before"], row["after"]): row["explanation"] for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("core", choices=["primary", "twin"])
    parser.add_argument("--count", type=int, default=220)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    out: Path = args.out or ROOT / "evidence" / f"mutants-{args.core}.csv"
    known = explained(out)
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        words = [
            sys.executable,
            "-c",
            "import sys, pathlib; from scripts.mutants.day import store; store(pathlib.Path(sys.argv[1]))",
        ]
        subprocess.run([*words, str(work / "day")], cwd=ROOT, check=True)
        mutants = import_module(f"scripts.mutants.{args.core}").run_mutants(work, work / "day", args.count, args.seed)
        out.parent.mkdir(exist_ok=True)
        with out.open("w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for site, said in mutants:
                outcome, session = (*said.split(" ", 2), "")[:2]
                name = str(site.file.relative_to(ROOT))
                fault = [" ".join(text.split()) for text in (site.before, site.after)]
                why = known.get((name, *fault), "")
                table.writerow([name, site.line, site.operator, *fault, outcome, session, why])
                file.flush()
                total[outcome] += 1
                print(f"{sum(total.values())} of {args.count}: {dict(total)}", file=sys.stderr)
    killed = total["answer"] + total["stop"]
    print(f"{args.core}: {killed} of {sum(total.values())} mutants killed within the day ({total['stop']} by a stop)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
