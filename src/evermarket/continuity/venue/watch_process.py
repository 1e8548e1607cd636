"""The venue seen from outside, as a process (R16, R17): a probe from a member's line, and the expected phase clock.

The probe is a cancel of no order, once a second: it takes the whole way of an order (door, sequencer, core, journal,
release, flow), is refused, and changes nothing. What is wrong is told to the supervisor, who has the policy. How it
stands lies in FOLDER/watch.json.
"""

import asyncio
import contextlib
import logging
import time
from typing import Final

import numpy as np

from evermarket.client.line import Line
from evermarket.continuity.venue.phase_clock import PhaseClock
from evermarket.continuity.venue.plan import VenuePlan
from evermarket.continuity.venue.process import run, tell
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.layout import ORDER
from evermarket.records.session import Resume
from evermarket.records.units import SECOND_NS
from evermarket.sim.day_steps import day_steps
from evermarket.venue.control import ask
from evermarket.venue.line.reader import released

LOGGER = logging.getLogger(__name__)
PROBE_S: Final = 1.0
UNANSWERED_S: Final = 3.0
LATE_S: Final = 1.0
"""Real seconds that a phase may be late."""

LOOK_S: Final = 0.1
TOLD_MAX: Final = 3


class Probe:
    """One command at a time on a line of its own. `slowest_ms`: the slowest answer of the last minute's."""

    def __init__(self, plan: VenuePlan) -> None:
        line = plan.probe_line
        self.line = Line(plan.ticket(line), self._told, resume=Resume.QUICK)
        self.answered_ms: list[float] = []
        self._sent_s = 0.0
        self._cl_ord_id = 0

    @property
    def slowest_ms(self) -> float:
        return max(self.answered_ms[-60:], default=0.0)

    def unanswered_s(self, now_s: float) -> float:
        """How long the last probe has been waiting; 0 if it is answered."""
        return now_s - self._sent_s if self._sent_s else 0.0

    def send(self, now_s: float) -> None:
        """The next probe, if the last one is answered."""
        if not self._sent_s and self.line.is_open:
            sent = self.line.send(blank(Kind.CANCEL).view(HEADER)).view(ORDER)
            self._cl_ord_id, self._sent_s = int(sent["cl_ord_id"][0]), now_s

    def _told(self, records: Records) -> None:
        rejected = records["kind"] == Kind.REJECTED
        if self._sent_s and (records.view(ORDER)["cl_ord_id"][rejected] == self._cl_ord_id).any():
            self.answered_ms.append(round((time.monotonic() - self._sent_s) * 1e3, 3))
            self._sent_s = 0.0


class Watch:
    """One life of the process."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan
        self.probe = Probe(plan)
        self.phases = PhaseClock(day_steps(plan.board), int(LATE_S * SECOND_NS * plan.clock.speed))
        self.alarms: list[str] = []
        self._owner = 0
        self._has_told_silence = False

    async def run(self) -> None:
        """Until it is told to end."""
        reading = asyncio.create_task(self._read())
        await self.probe.line.open()
        while not reading.done():
            now_s = time.monotonic()
            self.probe.send(now_s)
            await self._judge(now_s)
            self._tell()
            await asyncio.sleep(PROBE_S if not self.probe.unanswered_s(now_s) else LOOK_S)
        reading.result()

    async def _read(self) -> None:
        async for piece in released(self.plan.lines):
            if piece.place.owner != self._owner:
                self.phases.excuse(self.plan.clock.now_ns())
            self._owner = piece.place.owner
            await self._alarms(self.phases.take(piece.records))

    async def _judge(self, now_s: float) -> None:
        unanswered_s = self.probe.unanswered_s(now_s)
        if unanswered_s > UNANSWERED_S and not self._has_told_silence:
            self._has_told_silence = True
            await self._alarm(f"the probe has had no answer for {unanswered_s:.1f} s", word="stopped")
        elif not unanswered_s:
            self._has_told_silence = False
        if self._owner and not unanswered_s:
            await self._alarms(self.phases.late(self.plan.clock.now_ns()))

    async def _alarms(self, texts: list[str]) -> None:
        """One alarm for what is found at once."""
        if texts:
            await self._alarm(
                "; ".join(texts[:TOLD_MAX]) + f"; and {len(texts) - TOLD_MAX} more" * (len(texts) > TOLD_MAX)
            )

    async def _alarm(self, text: str, word: str = "alarm") -> None:
        LOGGER.warning("%s", text)
        self.alarms.append(text)
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            await ask(self.plan.folder / "control", f"{word} {text}")

    def _tell(self) -> None:
        answered = self.probe.answered_ms[-60:]
        facts = {
            "probes": len(self.probe.answered_ms),
            "median_ms": float(np.median(answered)) if answered else 0.0,
            "slowest_ms": self.probe.slowest_ms,
            "alarms": len(self.alarms),
            "last_alarm": self.alarms[-1] if self.alarms else "",
            "at_ns": time.time_ns(),
        }
        tell(self.plan, "watch", facts)


if __name__ == "__main__":
    run(lambda plan: Watch(plan).run())
