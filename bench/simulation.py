"""Commands of a simulated day a second: `python bench/simulation.py [orders] [instruments]`. One core, kernels warm."""

import platform
import sys
import time

from evermarket.sim.config import preset
from evermarket.sim.day import SimulatedDay


def main(orders: int, instruments: int) -> None:
    next(SimulatedDay(preset("normal", orders=1_000, instruments=40)).batches())  # compile or load the kernels
    for round_ in range(3):
        begun = time.perf_counter()
        day = SimulatedDay(preset("normal", seed=7, orders=orders, instruments=instruments))
        made = time.perf_counter()
        count = sum(len(batch) for batch in day.batches())
        spent = time.perf_counter() - made
        print(
            f"{platform.processor() or platform.machine()}, {orders} orders, {instruments} securities, run {round_ + 1}:"
            f" set-up {made - begun:.2f} s, {count} commands in {spent:.2f} s, {count / spent / 1e6:.2f} million a second"
        )


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]]
    main(*(given + [2_000_000, 1_200][len(given) :]))
