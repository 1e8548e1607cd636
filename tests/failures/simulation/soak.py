"""Many seeds, one line each hundred; what fails is printed whole. `make soak`, or with two numbers: from, to.

PYTHONPATH=../.. python -m simulation.soak 0 2000          # from tests/failures
"""

import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from simulation.run import Failed, Result, simulate


def one(seed: int) -> Result | str:
    try:
        return simulate(seed)
    except Failed as failed:
        return str(failed)


def soak(first: int, stop: int, processes: int) -> int:
    """Run seeds `first` to `stop` - 1; how many failed."""
    totals: Counter[str] = Counter()
    failed = 0
    with ProcessPoolExecutor(processes) as pool:
        for n, result in enumerate(pool.map(one, range(first, stop), chunksize=4), 1):
            if isinstance(result, str):
                failed += 1
                sys.stdout.write(f"{result}\n\n")
            else:
                totals.update(vars(result))
            if n % 100 == 0 or n == stop - first:
                sys.stdout.write(f"{n} seeds, {failed} failed: {dict(totals)}\n")
                sys.stdout.flush()
    return failed


if __name__ == "__main__":
    first, stop = (int(word) for word in (sys.argv[1:] or ("0", "2000")))
    sys.exit(soak(first, stop, os.cpu_count() or 1) > 0)
