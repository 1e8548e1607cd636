"""Two thousand members who listen, two hundred who trade; then the primary dies, and all of them come to the twin."""

import asyncio
import resource
import time

import numpy as np
import pytest

from evermarket.client.line import Line
from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import ALLOW_CONTINUOUS, Mode, OrdType, Phase, Right, Segment, Side, Tif
from tests.systems.cores import PATIENCE_S, Cores, two_cores

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


def market(lines: int) -> Records:
    """Lines, one book without limits, continuous trading."""
    tick, line, book = blank(Kind.REF_TICK), blank(Kind.REF_LINE, lines), blank(Kind.REF_INSTRUMENT)
    tick["tick"], tick["table"] = 100, 1
    line["line"], line["member"], line["rights"] = np.arange(1, lines + 1), np.arange(1, lines + 1), Right.ORDERS
    book["instrument"], book["attributes"], book["group"], book["table"] = 1, Segment.REGULAR, 1, 1
    book["qty_min"], book["lot"], book["qty_max"], book["product"] = 1, 1, 1_000_000, 1
    book["allow"] = int(ALLOW_CONTINUOUS)
    price, phase = blank(Kind.REF_PRICES), blank(Kind.PHASE)
    price["instrument"], price["attributes"], price["reference"] = 1, Segment.REGULAR, 1_000_000
    price["limit_up"] = price["limit_down"] = price["previous_close"] = NO_PRICE
    phase["group"], phase["code"], phase["mode"], phase["allow"] = 1, Phase.CONTINUOUS, Mode.CONTINUOUS, book["allow"]
    return np.concatenate([part.view("V64") for part in (tick, line, book, price, phase)]).view(HEADER)


def orders(count: int) -> Records:
    """Purchases that rest."""
    rows = blank(Kind.NEW, count)
    rows["instrument"], rows["attributes"], rows["price"], rows["qty"] = 1, Segment.REGULAR, 1_000_000, 1
    rows["side"], rows["ord_type"], rows["tif"], rows["account"] = Side.BUY, OrdType.LIMIT, Tif.ROD, 1
    return rows.view(HEADER)


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
