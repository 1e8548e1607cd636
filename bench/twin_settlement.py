"""The twin's settlement at size: `python bench/twin_settlement.py [ORDERS TRADES ACCOUNTS]`. Asserts nothing.

20 million orders and a million trades of 500,000 accounts in 1,000 securities are folded for real, on one thread; the
day of 400 million orders and 20 million trades is scaled from them, and the line says how.
"""

import json
import subprocess
import sys
from pathlib import Path

TWIN = Path(__file__).parents[1] / "twin"
EXAMPLE = ["cargo", "run", "--quiet", "--release", "--offline", "--example"]
HOW = (
    "each cost is that of one order, one trade and one written position of this run, times the day's number; "
    "an order's cost does not grow with the day, a trade's does a little, as its positions leave the processor's caches"
)


def example(name: str, *words: str) -> list[dict[str, object]]:
    """The JSON lines of an example of the twin."""
    done = subprocess.run([*EXAMPLE, name, "--", *words], check=True, capture_output=True, text=True, cwd=TWIN)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    sizes = sys.argv[1:] or ["20000000", "1000000", "500000"]
    for facts in example("settlement_bench", *sizes):
        scaled = {name: facts.pop(name) for name in list(facts) if name.startswith("day_")}
        print(json.dumps({"bench": "twin settlement", **facts}), flush=True)
        day = {"orders": 400_000_000, "trades": 20_000_000, **scaled, "scaled": HOW}
        print(json.dumps({"bench": "twin settlement, projected day", **day}), flush=True)


if __name__ == "__main__":
    main()
