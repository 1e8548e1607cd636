"""The FIX gateway of a venue as a process: the released stream in, members' sessions, commands to the market's owner.

What it keeps lies in FOLDER/fix; started again, it goes on at the numbers at which it stood. FOLDER/fix.json says that
it listens.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator

from evermarket.continuity.venue.fix_link import FixLink
from evermarket.continuity.venue.fix_members import gateway_config
from evermarket.continuity.venue.listening import tell_listening
from evermarket.continuity.venue.plan import VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.records import Records
from evermarket.venue.control import ask
from evermarket.venue.fix.process import FixProcess, spare_collector
from evermarket.venue.line.reader import released
from evermarket.venue.protocol.seat import ReadSeat

LOGGER = logging.getLogger(__name__)
LOOK_S = 0.05


class ReleasedStream:
    """The released records of a venue's day, whoever tells them."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan

    async def last_position(self) -> int:
        """Asked of the owner; waits until there is one."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, ValueError, KeyError):
                seat = self.plan.seat.step(ReadSeat()).seat
                status = await ask(self.plan.own(seat.owner if seat is not None else "") / "control", "status")
                if status["state"] == "MATCH":
                    return int(status["released"])
            await asyncio.sleep(LOOK_S)

    async def batches(self) -> AsyncIterator[Records]:
        """From position 1 on, over restarts and switches."""
        async for piece in released(self.plan.lines):
            if len(piece.records):
                yield piece.records


async def serve(plan: VenuePlan) -> None:
    """Until it is told to end. Errors: those of the stream, Refused if a core will not have one of the lines."""
    config = gateway_config(plan)
    link = FixLink(plan.ticket(member.line) for member in config.members)
    gateway = link.gateway = FixProcess(config, ReleasedStream(plan), link, time.time_ns)
    is_over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, is_over.set)
    working = [asyncio.create_task(work) for work in (link.run(), is_over.wait())]
    try:
        port = await gateway.start()
        working.append(asyncio.create_task(gateway.ended()))
        LOGGER.info("%r listens at port %d", gateway, port)
        tell_listening(plan, "fix")
        done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await gateway.close()
        for task in working:
            task.cancel()
        await link.close()


if __name__ == "__main__":
    spare_collector()
    run(serve)
