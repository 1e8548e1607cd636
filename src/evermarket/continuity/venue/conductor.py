"""The process that plays the exchange's part of the day: reads the released stream, sends what is due as line 0, and
after a switch closes and reopens the market.

What was sent is waited for in the stream before more is sent. On a new connection nobody knows what of it was taken, so
a question that changes nothing goes first: once the stream has it, it has all that was taken before. Runs until
everything scheduled is in the journal. Control socket, one line a connection: `status`, `announce TEXT`, `halt WHY`,
`resume`; answered once it is in the journal.
"""

import asyncio
import contextlib
import logging
import time
from typing import Any

import numpy as np

from evermarket.continuity.venue.board import ready_lines
from evermarket.continuity.venue.exchange_link import ExchangeLink
from evermarket.continuity.venue.plan import TWIN, VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.continuity.venue.reopening import Reopening, Terms, announcement
from evermarket.continuity.venue.timetable import Timetable
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.layout import ORDER
from evermarket.records.units import SECOND_NS
from evermarket.sim.day import SimulatedDay
from evermarket.sim.day_steps import day_steps
from evermarket.venue.control import ask, serve
from evermarket.venue.line.reader import Place, released
from evermarket.venue.primary.settings import split_address

LOGGER = logging.getLogger(__name__)
LOOK_S = 0.002
BOARD_S = 0.1
ANSWER_S = 10.0


class Conductor:
    """One life of the conductor."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan
        self.timetable = Timetable(SimulatedDay(plan.board).reference(), day_steps(plan.board))
        policy = plan.policy
        terms = Terms(policy.cancel_only_s * SECOND_NS, policy.reopening_s * SECOND_NS, policy.ready_permille)
        self.reopening = Reopening(terms)
        doors = [split_address(door) for door in plan.doors]
        self.link = ExchangeLink(doors, plan.trading_day, plan.secret)
        self.taken = 0
        """Commands of the exchange seen in the stream, a run counted once."""
        self.ready_permille = 0
        self._connection = 0
        self._question = 0
        self._awaited = 0
        self._place = Place()
        self._stages: list[dict[str, Any]] = []

    async def run(self) -> None:
        """To the end of the day."""
        control = await serve(self.plan.folder / "exchange", self._answer)
        works = (self.link.run(), self._read(), self._keep_door(), self._watch_members())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            while not self.timetable.is_over:
                if self.link.is_open:
                    self._work()
                for task in tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(LOOK_S)
        finally:
            control.close()
            for task in tasks:
                task.cancel()

    async def _read(self) -> None:
        async for piece in released(self.plan.lines):
            self.timetable.take(piece.records)
            self.reopening.take(piece)
            self._note_stage()
            self.taken += of_exchange(piece.records)
            if self._question and has_question(piece.records, self._question):
                self._question, self._awaited = 0, self.taken
            self._place = piece.place

    def _note_stage(self) -> None:
        """A stage may be shorter than the time between two questions of who asks for the status."""
        stage = self.reopening.stage
        if stage != (self._stages[-1]["stage"] if self._stages else "trading"):
            until_ns, ready = self.reopening.until_ns, self.ready_permille
            self._stages.append(
                {"stage": stage, "at_ns": time.time_ns(), "until_ns": until_ns, "ready_permille": ready}
            )

    async def _keep_door(self) -> None:
        """The twin's door is opened once in each of its epochs, as soon as its books are halted."""
        twin, opened = next(core.number for core in self.plan.cores if core.name == TWIN), 0
        while True:
            place = self._place
            if place.owner == twin and place.epoch != opened and not self.reopening.holds_the_door:
                with contextlib.suppress(OSError, TimeoutError, ValueError):
                    await ask(self.plan.own(TWIN) / "control", "open")
                    opened = place.epoch
            await asyncio.sleep(LOOK_S)

    def _work(self) -> None:
        if self.link.number != self._connection:
            self._connection, self._question = self.link.number, time.time_ns()
            LOGGER.info("session %d; %d commands of the exchange are in the journal", self.link.number, self.taken)
            self.link.send(question(self._question))
        if self._question or self.taken < self._awaited:
            return
        now_ns = self.plan.clock.now_ns()
        due = self.reopening.due(now_ns, self.ready_permille)
        if len(due) or self.timetable.next_ns <= now_ns:
            self._send(due if len(due) else self.timetable.due(now_ns))

    def _send(self, commands: Records) -> int:
        """Send them; how many must have been taken until all of them are in the journal."""
        if len(commands):
            self._awaited = max(self.taken, self._awaited) + of_exchange(commands)
            self.link.send(commands)
        return self._awaited

    # --- members ----------------------------------------------------------------------------------------------

    async def _watch_members(self) -> None:
        """After a switch: whose members are back, by what they traded (R39)."""
        while True:
            if self.reopening.stage == "cancel only":
                with contextlib.suppress(OSError, TimeoutError, ValueError, KeyError):
                    board = await ask(self.plan.own(TWIN) / "control", "board")
                    self.ready_permille = self.reopening.floor.share(ready_lines(board))
            await asyncio.sleep(BOARD_S)

    # --- people -----------------------------------------------------------------------------------------------

    async def _answer(self, line: str) -> dict[str, Any]:
        now_ns = self.plan.clock.now_ns()
        match line.split(maxsplit=1):
            case ["status"]:
                return self.status()
            case ["announce", text]:
                return await self._entered(announcement(text, 0))
            case ["halt", why]:
                return await self._entered(self.reopening.halt_all(why))
            case ["resume"]:
                return await self._entered(self.reopening.resume_all(now_ns))
            case _:
                return {"refused": f"{line!r} is none of status, announce TEXT, halt WHY, resume"}

    async def _entered(self, commands: Records) -> dict[str, Any]:
        """Send it and wait until the journal has it."""
        if not self.link.is_open or self._question:
            return {"refused": "no core listens to the exchange"}
        wanted, deadline = self._send(commands), time.monotonic() + ANSWER_S
        while self.taken < wanted:
            if time.monotonic() > deadline:
                return {"refused": "it was sent; whether the journal has it is not known yet"}
            await asyncio.sleep(LOOK_S)
        return {"entered": of_exchange(commands)} | self.status()

    def status(self) -> dict[str, Any]:
        """How the exchange's own part stands."""
        return {
            "stage": self.reopening.stage,
            "stages": self._stages,
            "until_ns": self.reopening.until_ns,
            "ready_permille": self.ready_permille,
            "halted": len(self.reopening.floor.halted),
            "books": len(self.reopening.floor.groups),
            "commands": self.taken,
        }


def of_exchange(records: Records) -> int:
    """How many commands of these are the exchange's, texts aside. Cancels on a disconnect are the door's own."""
    kinds = records["kind"]
    own = (kinds >= Kind.PHASE) & (kinds <= Kind.REF_CONTRACT) & (kinds != Kind.TEXT)
    cancels = np.flatnonzero(kinds == Kind.CANCEL)
    return int(own.sum()) + int((records.view(ORDER)["line"][cancels] == 0).sum())


def question(number: int) -> Records:
    """A cancel of no order: it is refused, and changes nothing. Line 0 has no ids, so its number may be anything."""
    row = blank(Kind.CANCEL)
    row["cl_ord_id"] = number
    return row.view(HEADER)


def has_question(records: Records, number: int) -> bool:
    """Whether the stream has this question."""
    ids = records.view(ORDER)["cl_ord_id"]
    return bool(((records["kind"] == Kind.CANCEL) & (ids == number)).any())


if __name__ == "__main__":
    run(lambda plan: Conductor(plan).run())
