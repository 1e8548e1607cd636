"""The protocol in virtual time: two hundred seeds, and the rules taken out on purpose.

`make soak` runs thousands. A seed again, with its trace: `python -m simulation.run SEED` from this folder.
"""

import os

import pytest
from simulation.mutants import MUTANTS
from simulation.run import Failed, simulate

SEEDS = int(os.environ.get("EVERMARKET_SEEDS", "200"))
PIECE = 20

FOUND_BY = {
    "ReleasesBeforeItsSync": 8,
    "ReleasesBeforeFollowersSync": 14,
    "NumbersFromItsOwnCount": 2,
    "PutsFlaggedIntoBatches": 5,
    "TellsBeforeRelease": 0,
    "ExecutesRepetitions": 0,
    "SaysNeverReceivedTooSoon": 0,
    "TellsLiveWhileBehind": 0,
    "NeverResends": 0,
    "LogsOnFromNow": 0,
    "LeavesTheCoreAhead": 17,
    "ForgetsIds": 16,
    "DropsWithoutAsking": 3,
    "AdmitsAnybody": 31,
    "AcknowledgesBeforeSync": 20,
    "BelievesOldEpochs": 6,
    "KeepsItsTail": 3,
    "ForgetsTheSideFile": 3,
    "AsksBeforeItsPromise": 1,
    "TakesOverThoughBehind": 20,
    "GoesOnInItsEpoch": 3,
    "ResendsUnflagged": 5,
}
"""A seed that finds a mutant."""


@pytest.mark.parametrize("start", range(0, SEEDS, PIECE))
def test_nothing_told_is_lost_and_the_market_heals(start: int, kernels: None) -> None:
    orders = sum(simulate(seed).orders for seed in range(start, min(start + PIECE, SEEDS)))
    assert orders > 0


@pytest.mark.parametrize(("name", "seed"), FOUND_BY.items())
def test_a_rule_taken_out_is_found(name: str, seed: int, kernels: None) -> None:
    node, gate = MUTANTS[name]
    with pytest.raises(Failed):
        simulate(seed, node, gate)


def test_every_seed_belongs_to_a_mutant() -> None:
    assert FOUND_BY.keys() <= MUTANTS.keys()
