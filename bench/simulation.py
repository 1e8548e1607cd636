"""Commands of a simulated day a second: `python bench/simulation.py [orders] [instruments]`. One core, kernels warm.

Processor seconds are counted, so that a busy machine tells the same; they are seconds of the clock on a quiet one.
"""

import platform
import sys
import time

from evermarket.sim.config import preset
from evermarket.sim.day import SimulatedDay


def main(orders: int, instruments: int) -> None:
    next(SimulatedDay(preset("normal", orders=1_000, instruments=40)).batches())  # compile or load the kernels
    for round_ in range(3):
        begun = time.process_time()
        day = SimulatedDay(preset("normal", seed=7, orders=orders, instruments=instruments))
        made = time.process_time()
        count = sum(len(batch) for batch in day.batches())
        spent = time.process_time() - made
        rate = count / spent / 1e6
        print(f"{platform.machine()}, {orders} orders, {instruments} securities, run {round_ + 1}: set-up", end=" ")
        print(f"{made - begun:.2f} s, {count} commands in {spent:.2f} s, {rate:.2f} million a processor second")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]]
    main(*(given + [2_000_000, 1_200][len(given) :]))
