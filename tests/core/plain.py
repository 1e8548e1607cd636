"""Prints one SHA-256 a seed over all bytes and digests of generated sessions: `python -m tests.core.plain FIRST COUNT`.

Run with and without NUMBA_DISABLE_JIT=1 it must print the same lines.
"""

import hashlib
import sys

from evermarket.core import Core
from tests.core.sessions import in_batches
from tests.models.builder import market
from tests.models.generate import session
from tests.models.words import split


def fingerprint(commands: list[bytes]) -> str:
    """Everything that comes out of a session, record by record, with the digest after each batch."""
    core, total = Core(), hashlib.sha256()
    for batch in in_batches(commands, 5):
        for raw in split(core.run(batch)):
            total.update(raw)
        total.update(core.digest.to_bytes(8, "little"))
    return total.hexdigest()


def giants() -> list[bytes]:
    """Numbers at the ends of their words, where Python's integers grow and a machine's wrap."""
    day = market()
    day.phase("CONTINUOUS")
    for cl_ord_id in (2**63 - 1, 2**63, 2**64 - 1, 2**63):
        day.buy(1, "100", 1_000, cl_ord_id=cl_ord_id)
    day.sell(1, 2**63 - 1, 2**32 - 1)
    day.sell(1, "100", 2_000, account=2**32 - 1, line=2)
    day.draw(2**64 - 1)
    day.void_trade(2**32 - 1, line=0)
    day.cancel(2**32 - 1, line=2)
    return day.rows


def main(first: int, count: int) -> None:
    rows = [f"seed {seed} {fingerprint(split(session(seed, 250)))}" for seed in range(first, first + count)]
    sys.stdout.write("\n".join([*rows, f"giants {fingerprint(giants())}"]) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
