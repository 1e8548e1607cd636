"""Simulated members over real sessions: the orders of a simulated day, each on its line, when the market's clock is
there; and each line's own log of what it was told, from which a loss would show (proof.py).

A generated change names an order by the generator's number; the real one is told in ACCEPTED, so a change waits until
its order is answered. Logs in FOLDER/members: flow-LINE.bin, the records as they were delivered; told.bin and sent.bin,
a row (int64 real time, line, count) for each delivery and each sending, in their order.
"""

import asyncio
import logging
import struct
import time
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from evermarket.client.line import Line
from evermarket.continuity.venue.plan import VenuePlan
from evermarket.continuity.venue.process import run, tell
from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.session import Resume
from evermarket.sim.day import SimulatedDay

LOGGER = logging.getLogger(__name__)
TICK_S = 0.005
_CHANGES = (Kind.REDUCE, Kind.REPRICE, Kind.CANCEL)
_MEMBERS = range(Kind.NEW, Kind.OFF_BOOK_TRADE)


class Trader:
    """One line: what it has sent and was told. `told_ns` is the real time at which it was last told something."""

    def __init__(
        self, plan: VenuePlan, number: int, numbers: npt.NDArray[np.uint32], logs: tuple[BinaryIO, BinaryIO]
    ) -> None:
        self.number = number
        self._told_log, self._sent_log = logs
        self.line = Line(plan.ticket(number, plan.member_doors), self._told, resume=Resume.RESTART)
        self.log = (plan.folder / "members" / f"flow-{number}.bin").open("ab", buffering=1 << 16)
        self.numbers = numbers
        self.generated: dict[int, int] = {}
        self.held: list[Records] = []
        self.sent = 0
        self.answered = 0
        self.told_ns = 0

    def give(self, commands: Records) -> None:
        """Commands whose time has come, in order; changes of orders that are not answered yet are held back."""
        rows = np.concatenate([*(part.view(WHOLE) for part in self.held), commands.view(WHOLE)]).view(ORDER)
        self.held = []
        is_change = np.isin(rows["kind"], _CHANGES)
        target = self.numbers[rows["order_no"] * is_change]
        waits = np.flatnonzero(is_change & (target == 0))
        ready = int(waits[0]) if len(waits) else len(rows)
        rows["order_no"][is_change] = np.where(target[is_change] == 0, rows["order_no"][is_change], target[is_change])
        if ready < len(rows):
            self.held = [rows[ready:].view(WHOLE).view(HEADER)]
        now = rows[:ready].view(WHOLE).copy().view(ORDER)
        new = now["kind"] == Kind.NEW
        self.generated.update(zip(now["cl_ord_id"][new].tolist(), now["order_no"][new].tolist(), strict=True))
        now["order_no"][new] = 0
        now["order_no"][now["kind"] == Kind.QUOTE] = 0
        if len(now):
            self.line.send(now.view(HEADER))
            self._sent_log.write(struct.pack("<qqq", time.time_ns(), self.number, len(now)))
            self.sent += len(now)

    def _told(self, records: Records) -> None:
        self.told_ns = time.time_ns()
        self._told_log.write(struct.pack("<qqq", self.told_ns, self.number, len(records)))
        self.log.write(records.tobytes())
        rows = records.view(WHOLE)[np.isin(records["kind"], (Kind.ACCEPTED, Kind.REJECTED))].view(HEADER)
        for row in rows:
            body = np.frombuffer(row.tobytes(), LAYOUT[Kind(int(row["kind"]))])[0]
            number = self.generated.pop(int(body["cl_ord_id"]), 0)
            if number:
                self.numbers[number] = body["order_no"]
        self.answered += int((records["kind"] < Kind.TRADED).sum())


class Crowd:
    """All lines of a plan's board."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan
        self._day = SimulatedDay(plan.board)
        self._batches = self._day.batches()
        self._numbers = np.zeros(plan.board.orders * 4 + 16, np.uint32)
        members = plan.folder / "members"
        told, sent = ((members / f"{name}.bin").open("ab", buffering=1 << 16) for name in ("told", "sent"))
        self._logs = (told, sent)
        lines = [line.line for line in self._day.lines if line.line not in plan.free_lines]
        self.traders = [Trader(plan, line, self._numbers, self._logs) for line in lines]
        self._lines = np.array(lines, np.uint16)
        self._waiting: Records = np.zeros(0, HEADER)
        self._is_last = False
        self._answered = 0

    async def run(self) -> None:
        """To the end of the day's orders, then until everything is answered or nothing moves for a while."""
        await asyncio.gather(*(trader.line.open() for trader in self.traders))
        LOGGER.info("%d lines are logged on", len(self.traders))
        told = 0.0
        while not self._has_sent_all:
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                self._tell()
            await asyncio.sleep(TICK_S)
            self._give(self.plan.clock.now_ns())
        while any(len(trader.line.gate.window) for trader in self.traders):
            await asyncio.sleep(TICK_S)
        for trader in self.traders:
            await trader.line.close()
            trader.log.close()
        for log in self._logs:
            log.close()
        self._tell(is_over=True)

    @property
    def _has_sent_all(self) -> bool:
        """Asked just behind a `_give`: what is held then, with nothing under way, waits for orders that never were."""
        is_holding = any(trader.held and len(trader.line.gate.window) for trader in self.traders)
        return self._is_last and not len(self._waiting) and not is_holding

    def _give(self, now_ns: int) -> None:
        while not self._is_last and (not len(self._waiting) or int(self._waiting["time"][-1]) <= now_ns):
            batch = next(self._batches, None)
            if batch is None:
                self._is_last = True
                break
            mine = batch.view(WHOLE)[np.isin(batch["kind"], list(_MEMBERS))]
            self._waiting = np.concatenate([self._waiting.view(WHOLE), mine]).view(HEADER)
        upto = int(np.searchsorted(self._waiting["time"], now_ns, side="right"))
        answered = sum(trader.answered for trader in self.traders)
        if not upto and answered == self._answered:
            return
        self._answered = answered
        due, self._waiting = self._waiting[:upto], self._waiting[upto:]
        lines = due.view(WHOLE).view(ORDER)["line"]
        order = np.argsort(lines, kind="stable")
        starts, stops = (np.searchsorted(lines[order], self._lines, side=side) for side in ("left", "right"))
        for trader, start, stop in zip(self.traders, starts.tolist(), stops.tolist(), strict=True):
            if stop > start or trader.held:
                trader.give(due.view(WHOLE)[order[start:stop]].view(HEADER))

    def _tell(self, *, is_over: bool = False) -> None:
        """How it stands, for whoever watches."""
        facts: dict[str, Any] = {
            "lines": len(self.traders),
            "open": sum(trader.line.is_open for trader in self.traders),
            "sent": sum(trader.sent for trader in self.traders),
            "answered": sum(trader.answered for trader in self.traders),
            "last_told_ns": max((trader.told_ns for trader in self.traders), default=0),
            "is_over": is_over,
        }
        tell(self.plan, "crowd", facts)


if __name__ == "__main__":
    run(lambda plan: Crowd(plan).run())
