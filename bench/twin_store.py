"""The twin's store at a million and fifty million rows: `python bench/twin_store.py [ROWS ...]`, a JSON line each."""

import json
import sys

from twin_settlement import example


def main() -> None:
    for facts in example("store_bench", *(sys.argv[1:] or ["1000000", "50000000"])):
        print(json.dumps({"bench": "twin store", **facts}), flush=True)


if __name__ == "__main__":
    main()
