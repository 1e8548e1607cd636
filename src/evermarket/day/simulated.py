"""A simulated board as a source: `sim:` with seed, members, orders, instruments; all else as the simulator has it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from evermarket.day.source import Batch, Instrument, OrderLabels, TradingDay
from evermarket.records import Records
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day import SimulatedDay


def read(options: Mapping[str, Any]) -> "SimulatedSource":
    """A day of this configuration; options that are None are left to the simulator."""
    return SimulatedSource(SimulationConfig(**{name: value for name, value in options.items() if value is not None}))


class SimulatedSource:
    """The face of a simulated day. Its commands have row numbers of their own, from 1."""

    def __init__(self, config: SimulationConfig) -> None:
        self._day = SimulatedDay(config)
        self.title = f"simulated board, seed {config.seed}, {config.orders:,} orders, {config.members} members"
        self.day = TradingDay(config.day, "Asia/Taipei")
        self.instruments = [Instrument(one.instrument, one.code, one.name) for one in self._day.instruments]
        self.labels = OrderLabels()
        self.time_decimals = 6
        self.complete = False
        self.expected = int(config.orders * (1.6 + config.quotes_permille / 1000))  # cancels and changes come on top

    def reference(self) -> Records:
        """Lines, ticks, sets, books and prices."""
        return self._day.reference()

    def batches(self) -> Iterator[Batch]:
        """The day's commands, some ten thousand at a time."""
        done = 0
        for commands in self._day.batches():
            yield Batch(commands, np.arange(done + 1, done + len(commands) + 1, dtype=np.int64))
            done += len(commands)
