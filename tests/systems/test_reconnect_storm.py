"""Two thousand members who listen, two hundred who trade; then the primary dies, and all of them come to the twin."""

import asyncio
import resource
import time

import numpy as np
import pytest

from evermarket.client.line import Line
from evermarket.records import HEADER, Kind, Records
from tests.systems.cores import PATIENCE_S, Cores, market, orders, two_cores

IDLE = 2_000
ACTIVE = 200
ORDERS = 20
TURNS = 5
STORM_S = 10.0


class Member:
    """A line, and what it was told."""

    def __init__(self, cores: Cores, number: int) -> None:
        self.accepted: list[int] = []
        self.positions: list[int] = []
        self.line: Line = cores.line(number, self._told)

    def _told(self, records: Records) -> None:
        self.positions += records["position"].tolist()
        outcomes = records.view("V64")[records["kind"] == Kind.ACCEPTED].view(HEADER)
        self.accepted += outcomes["position"].tolist()


async def answered(members: list[Member], each: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while any(len(member.accepted) < each for member in members):
            await asyncio.sleep(0.01)


async def trade(active: list[Member], turns: int) -> None:
    """Everybody sends a few orders at a time, again and again."""
    for _ in range(turns):
        for member in active:
            member.line.send(orders(ORDERS // TURNS))
        await asyncio.sleep(0)


async def storm() -> float:
    """Seconds from the kill until everybody is logged on at the twin."""
    async with two_cores() as cores:
        cores.link.send(market(IDLE + ACTIVE))
        members = [Member(cores, number) for number in range(1, IDLE + ACTIVE + 1)]
        await asyncio.gather(*(member.line.open(PATIENCE_S) for member in members))
        active, idle = members[:ACTIVE], members[ACTIVE:]
        await cores.until("all are in", lambda status: status["sessions"] == IDLE + ACTIVE + 1)
        await trade(active, TURNS)
        await answered(active, ORDERS)
        await trade(active, TURNS)
        begun = time.monotonic()
        await cores.kill_and_switch()
        await cores.until("all are back", lambda status: status["sessions"] >= IDLE + ACTIVE)
        took = time.monotonic() - begun
        await trade(active, TURNS)
        await answered(active, 3 * ORDERS)
        for member in active:
            assert len(member.accepted) == 3 * ORDERS
            assert (np.diff(member.positions) > 0).all(), "each record once, in order"
        assert not any(member.positions for member in idle)
        status = await cores.status()
        assert status["live"] == ACTIVE * 3 * ORDERS
        await asyncio.gather(*(member.line.close() for member in members))
        return took


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_all_come_to_the_twin(kernels: None) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000), hard))
    try:
        took = asyncio.run(storm())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert took < STORM_S
