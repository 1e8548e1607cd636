"""The FIX gateway's way to the market: one session a FIX line to whoever owns it (docs/sessions.md).

`client.Line` finds the owner, and after a switch sends again what has no outcome. What is added here: commands wait
while no owner listens, they leave no faster than the owner takes them, and one whose id the owner may have taken, in an
earlier life of the gateway, is asked for.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import numpy as np

from evermarket.client.line import Line
from evermarket.client.tickets import DayTicket
from evermarket.records import HEADER, Records
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.session import FIRST_SESSION_KIND, SESSION_LAYOUT, Resume, SessionKind
from evermarket.records.units import SECOND_NS

WAIT_NS_MAX: Final = SECOND_NS


class FrontDoor(Protocol):
    """What the link needs of the gateway before it."""

    def under_way(self) -> Records: ...

    def never_received(self, line: int, cl_ord_id: int) -> None: ...


class Pace:
    """How many commands may leave now: a bucket half as large as the owner's, filled as fast, empty at first. So what
    leaves finds room there, though one message may be longer on its way than another."""

    def __init__(self, now_ns: int) -> None:
        self._level = 0
        self._filled_ns = now_ns

    def room(self, rate: int, now_ns: int) -> int:
        """Commands that may leave; `rate` a second, 0: no limit."""
        if rate == 0:
            return 1 << 31
        size = max(1, rate // 2) * SECOND_NS
        self._level = min(size, self._level + max(0, now_ns - self._filled_ns) * rate)
        self._filled_ns = max(now_ns, self._filled_ns)
        return self._level // SECOND_NS

    def left(self, count: int) -> None:
        """So many have left."""
        self._level = max(0, self._level - count * SECOND_NS)

    def wait_ns(self, rate: int) -> int:
        """Until there is room for one, if there is none now."""
        return -(-(SECOND_NS - self._level) // rate)


class Lane:
    """One line's commands on their way, in the order of their ids."""

    def __init__(self, ticket: DayTicket, gateway: Callable[[], FrontDoor], clock: Callable[[], int]) -> None:
        self.line = Line(ticket, self._told, resume=Resume.QUICK)
        self._number = ticket.line
        self._gateway = gateway
        self._waiting = np.zeros(0, WHOLE)
        self._throttled: set[int] = set()
        self._not_before_ns = 0
        self._clock = clock
        self._pace = Pace(clock())
        self._news = asyncio.Event()

    def give(self, commands: Records) -> None:
        """Commands with growing ids."""
        self._waiting = np.concatenate([self._waiting, commands.view(WHOLE)])
        self._news.set()

    async def run(self) -> None:
        """For ever. Errors: Refused once the owner refuses this line for good."""
        await self.line.open()
        while True:
            await self._news.wait()
            self._news.clear()
            while len(self._waiting) or self._throttled:
                await self.line.wait_open()
                await self._send_or_wait()

    async def _send_or_wait(self) -> None:
        now_ns, rate = self._clock(), self.line.rate
        room = self._pace.room(rate, now_ns)
        wait_ns = max(self._not_before_ns - now_ns, 0 if room else self._pace.wait_ns(rate))
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
            return
        self._take_back()
        now, self._waiting = self._waiting[:room].view(ORDER), self._waiting[room:]
        self._pace.left(len(now))
        new = int(np.searchsorted(now["cl_ord_id"], np.uint64(self.line.next_id)))
        for part, send in ((now[:new], self.line.ask_again), (now[new:], self.line.send)):
            if len(part):
                send(part.view(HEADER))

    def _take_back(self) -> None:
        """What found no room there goes first."""
        if not self._throttled:
            return
        rows = self._gateway().under_way().view(ORDER)
        again = (rows["line"] == self._number) & np.isin(rows["cl_ord_id"], np.array(list(self._throttled), np.uint64))
        self._throttled.clear()
        self._waiting = np.concatenate([rows.view(WHOLE)[again], self._waiting])

    def _told(self, records: Records) -> None:
        """The flow itself comes with the released stream; here only what no journal holds."""
        rows = records.view(WHOLE)[records["kind"] >= FIRST_SESSION_KIND].view(HEADER)
        for at in range(len(rows)):
            kind = SessionKind(int(rows["kind"][at]))
            said = rows[at : at + 1].view(SESSION_LAYOUT[kind])[0]
            if kind is SessionKind.NEVER_RECEIVED:
                self._gateway().never_received(self._number, int(said["cl_ord_id"]))
            elif kind is SessionKind.THROTTLED:
                self._throttled.add(int(said["cl_ord_id"]))
                self._not_before_ns = self._clock() + min(int(said["retry_ns"]), WAIT_NS_MAX)
                self._news.set()


class FixLink:
    """All lanes of a gateway. `gateway` has to be set before anything is submitted; `clock` never goes back."""

    def __init__(self, tickets: Iterable[DayTicket], clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.gateway: FrontDoor
        self._lanes = {ticket.line: Lane(ticket, lambda: self.gateway, clock) for ticket in tickets}

    def submit(self, commands: Records) -> None:
        """See `evermarket.venue.fix.process.Link`."""
        lines = commands.view(ORDER)["line"]
        for line in np.unique(lines).tolist():
            self._lanes[line].give(commands.view(WHOLE)[lines == line].view(HEADER))

    async def run(self) -> None:
        """For ever, or until a line is refused for good."""
        await asyncio.gather(*(lane.run() for lane in self._lanes.values()))

    async def close(self) -> None:
        """Log the lines off."""
        await asyncio.gather(*(lane.line.close() for lane in self._lanes.values()))
