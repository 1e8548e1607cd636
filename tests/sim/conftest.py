"""One small simulated day that the tests of this room look at."""

from dataclasses import dataclass

import numpy as np
import pytest

from evermarket.records import Records
from evermarket.sim.config import SimulationConfig, preset
from evermarket.sim.day import SimulatedDay


def small(**changes: int) -> SimulationConfig:
    return preset("normal", **{"seed": 7, "orders": 20_000, "instruments": 120, "members": 20, **changes})


def whole(day: SimulatedDay) -> Records:
    """All commands of a day in one array."""
    batches = list(day.batches())
    return np.concatenate([batch.view("V64") for batch in batches]).view(batches[0].dtype)


@dataclass
class Played:
    day: SimulatedDay
    reference: Records
    commands: Records


@pytest.fixture(scope="session")
def played() -> Played:
    day = SimulatedDay(small())
    return Played(day, day.reference(), whole(day))
