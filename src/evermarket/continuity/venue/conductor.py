"""The process that plays the exchange's part of the day: reads the released stream, sends what is due as line 0.

What was sent is waited for in the stream before more is sent; on a new connection only the stream counts. Runs until
everything scheduled is in the journal.
"""

import asyncio
import contextlib
import logging
import sys
from pathlib import Path

from evermarket.continuity.venue.exchange_link import ExchangeLink
from evermarket.continuity.venue.plan import VenuePlan, read_plan
from evermarket.continuity.venue.timetable import Timetable
from evermarket.records.kinds import Kind
from evermarket.sim.day import SimulatedDay
from evermarket.sim.day_steps import day_steps
from evermarket.venue.line.reader import released
from evermarket.venue.primary.settings import split_address

LOGGER = logging.getLogger(__name__)
LOOK_S = 0.002


class Conductor:
    """One life of the conductor."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan
        self.timetable = Timetable(SimulatedDay(plan.board).reference(), day_steps(plan.board))
        doors = [split_address(door) for door in plan.doors]
        self.link = ExchangeLink(doors, plan.trading_day, plan.secret)
        self._connection = 0
        self._awaited = 0

    async def run(self) -> None:
        """To the end of the day."""
        tasks = [asyncio.create_task(work) for work in (self.link.run(), self._read())]
        try:
            while not self.timetable.is_over:
                if self.link.is_open:
                    self._send()
                for task in tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(LOOK_S)
        finally:
            for task in tasks:
                task.cancel()

    async def _read(self) -> None:
        async for piece in released(self.plan.lines):
            self.timetable.take(piece.records)

    def _send(self) -> None:
        if self.link.number != self._connection:
            self._connection, self._awaited = self.link.number, 0
            LOGGER.info("session %d; %d commands of the exchange are in the journal", self.link.number, self.taken)
        if self.taken < self._awaited:
            return
        due = self.timetable.due(self.plan.clock.now_ns())
        if len(due):
            self._awaited = self.taken + int((due["kind"] != Kind.TEXT).sum())
            self.link.send(due)

    @property
    def taken(self) -> int:
        return self.timetable.taken


def main(folder: Path) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Conductor(read_plan(folder)).run())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
