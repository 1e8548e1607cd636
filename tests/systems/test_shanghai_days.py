"""Real Shanghai days through eight sessions of a venue: the exchange's own trades, also with a switch in the middle."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evermarket.client.line import Line
from evermarket.day import shanghai
from evermarket.day.tables import trades_frame
from evermarket.day.whole import Wishes, hold_day
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import FIRST_EVENT, Right
from evermarket.records.layout import ORDER
from evermarket.records.raw import duplicate, join, take
from evermarket.venue.line.reader import released
from tests.days.places import shared
from tests.systems.cores import PATIENCE_S, Cores, two_cores

LINES = 8
CHUNK = 256
FACTS = ["buy_no", "sell_no", "price", "qty", "aggressor"]
DAYS = ("2023-02-01_600519", "2023-07-11_600536", "2023-07-11_605580")


class VenueCore:
    """A venue where a matching core is expected: what it is given goes out over sessions, in turns of CHUNK commands a
    line; what it gives is the released stream. `switch_at`: so many commands are sent before the primary is killed,
    while a turn is under way."""

    def __init__(self, cores: Cores, switch_at: int) -> None:
        self.cores = cores
        self.digest = 0
        self.position = 0
        self._loop = asyncio.get_running_loop()
        self._switch_at = switch_at
        self._stream: list[Records] = []
        self._taken = 0
        self._sent = 0
        self._turns = 0
        self._lines: list[Line] = []
        self._reading = self._loop.create_task(self._read())

    def run(self, commands: Records, /) -> Records:
        return asyncio.run_coroutine_threadsafe(self._run(commands), self._loop).result(PATIENCE_S)

    def depth(self, instrument: int, segment: int, levels: int, /) -> tuple[list[Any], list[Any]]:
        raise NotImplementedError("no level is asked for here")

    unfilled = depth

    async def _run(self, commands: Records) -> Records:
        self._stream = []
        of_members = commands["kind"] < Kind.PHASE
        cuts = [0, *(np.flatnonzero(np.diff(of_members)) + 1).tolist(), len(commands)]
        for start, stop in pairwise(cuts):
            part = duplicate(commands[start:stop])
            if of_members[start]:
                for at in range(0, len(part), CHUNK):
                    await self._turn(part[at : at + CHUNK])
            else:
                await self._exchange(part)
        return join(self._stream)

    async def _exchange(self, commands: Records) -> None:
        """Commands of the exchange; with the first ones come the lines that we use."""
        if not self._lines:
            commands = join([eight_lines(), take(commands, commands["kind"] != Kind.REF_LINE, HEADER)])
        wanted = self._taken + len(commands)
        self.cores.link.send(commands)
        await self._until_taken(wanted)

    async def _turn(self, commands: Records) -> None:
        """The next line's turn."""
        if not self._lines:
            self._lines = [self.cores.line(number, lambda _: None) for number in range(1, LINES + 1)]
            await asyncio.gather(*(line.open() for line in self._lines))
        rows = commands.view(ORDER)
        rows["line"], rows["cl_ord_id"] = 0, 0
        rows["order_no"][rows["kind"] == Kind.NEW] = 0
        wanted = self._taken + len(commands)
        self._lines[self._turns % LINES].send(commands)
        self._turns += 1
        if self._sent <= self._switch_at < self._sent + len(commands):
            await self.cores.kill_and_switch()
        self._sent += len(commands)
        await self._until_taken(wanted)

    async def _until_taken(self, wanted: int) -> None:
        """Everything sent so far is released."""
        while self._taken < wanted:
            if self._reading.done():
                self._reading.result()
            await asyncio.sleep(0.0005)

    async def _read(self) -> None:
        async for piece in released(self.cores.plan.lines):
            self._stream.append(piece.records)
            self._taken += int((piece.records["kind"] < FIRST_EVENT).sum())
            self.position = piece.place.position

    async def close(self) -> None:
        for line in self._lines:
            await line.close()
        self._reading.cancel()
        await asyncio.wait([self._reading])


def eight_lines() -> Records:
    """One member with eight lines."""
    rows = blank(Kind.REF_LINE, LINES)
    rows["line"], rows["member"], rows["rights"] = np.arange(1, LINES + 1), 1, Right.ORDERS
    return rows.view(HEADER)


@contextmanager
def a_venue_core(switch_at: int) -> Iterator[VenueCore]:
    """Its loop runs in a thread of its own: the day's runner waits for it as for any core."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def do(work: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, loop)
        return future.result(2 * PATIENCE_S)

    venue = two_cores()
    cores = do(venue.__aenter__())

    async def core_of(cores: Cores) -> VenueCore:
        return VenueCore(cores, switch_at)

    core = do(core_of(cores))
    try:
        yield core
    finally:
        do(core.close())
        do(venue.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def held(folder: Path, switch_at: int) -> pl.DataFrame:
    with a_venue_core(switch_at) as core:
        facts = hold_day(shanghai.read(folder), core, Wishes(watch_books=False))
        assert core.cores.owner == ("P" if switch_at < 0 else "T")
    assert len(facts.kept.of(Kind.REJECTED)) == 0
    return trades_frame(facts.kept.of(Kind.TRADED), facts.source).select(pl.col(FACTS).cast(pl.String))


@pytest.mark.parametrize(("name", "switch_at"), [(DAYS[0], -1), (DAYS[0], 40_000), (DAYS[1], 25_000), (DAYS[2], 3_000)])
def test_the_trades_are_those_of_the_exchange(name: str, switch_at: int) -> None:
    folder = shared(f"l2_sse/{name}")
    theirs = pl.read_csv(folder / "trades.csv.gz", infer_schema=False)
    assert held(folder, switch_at).equals(theirs.select(FACTS))
