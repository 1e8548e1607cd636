"""A gateway process on a real port, in front of the primary core: what an unmodified engine connects to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

from evermarket.records import Records
from evermarket.venue.fix.process import Config, DropCopy, FixProcess, Member, Tls
from tests.models.builder import Builder
from tests.venue.fix.exchange import Exchange

PATIENCE_S = 30
"""How long a test waits for another program before it fails."""


class Live:
    """The exchange with its stream and link; `process` is the gateway that stands now, always at the same port."""

    def __init__(self, folder: Path, tls: Tls | None = None) -> None:
        self.exchange = Exchange()
        self.tls = tls
        self.is_cut = False  # what is submitted is lost
        self.folder = folder
        self.port = 0
        self.process: FixProcess | None = None
        self._grown = asyncio.Event()

    async def last_position(self) -> int:
        return self.exchange.position

    async def batches(self) -> AsyncIterator[Records]:
        at = 0
        while True:
            self._grown.clear()
            while at < len(self.exchange.released):
                yield self.exchange.released[at]
                at += 1
            await self._grown.wait()

    def submit(self, commands: Records) -> None:
        if self.is_cut:
            return
        self.exchange.submit(commands)
        asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        self.exchange.work()
        self._grown.set()

    def market(self, write: Callable[[Builder], None]) -> None:
        """What others do."""
        self.exchange.market(write)
        self._grown.set()

    async def open(self) -> None:
        """A new gateway with the same journals, as after a restart."""
        config = Config(
            comp_id="EVER",
            trading_day=20260105,
            kept=str(self.folder),
            members=(Member("ALFA", 1, "secret"), Member("BETA", 2)),
            drop_copies=(DropCopy("COPY", (1, 2)),),
            accounts={"1234567": 1_234_567},
            port=self.port,
            tls=self.tls,
        )
        self.process = FixProcess(config, self, self, time.time_ns)
        self.port = await self.process.start()

    def crash(self) -> None:
        assert self.process is not None
        self.process.abort()

    async def close(self) -> None:
        assert self.process is not None
        await self.process.close()


def beta_sells(day: Builder) -> None:
    """Somebody on line 2 sells 1 000 of security 1 at 100."""
    day.sell(1, "100", 1_000, line=2, cl_ord_id=next(_ids))


_ids = count(1)

Told = tuple[str, str, str]
"""ExecType, ClOrdID, CumQty of an ExecutionReport."""

STORY: list[Told] = [("0", "1", "0"), ("F", "1", "1000"), ("F", "1", "2000"), ("4", "2", "2000")]
"""What an engine that plays this story is told, each once: an order of 3 000, a fill, a fill while nobody was there,
the rest cancelled."""
