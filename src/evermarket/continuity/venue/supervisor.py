"""The supervisor: starts the venue's processes, starts again what ends, notices what is wrong, and turns the key.

A process that ends is started again, but for an old owner after a switch (FENCED, no return that day). The primary's
end, or its silence, is an incident: with the policy for it the twin takes over at once, else the primary is started
again and people decide. Control socket, one line a connection: `status`, `switch BY[,BY] REASON`, `down`.
"""

import asyncio
import contextlib
import json
import logging
import signal
import subprocess
import time
from typing import Any

from evermarket.continuity.venue.aftermath import BY_POLICY, announce, follow_up
from evermarket.continuity.venue.children import Child, commands
from evermarket.continuity.venue.incident import Incident
from evermarket.continuity.venue.listening import LISTENING
from evermarket.continuity.venue.look import facts_of
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.continuity.venue.process import run
from evermarket.continuity.venue.switching import SwitchRefused, released_by_primary, retake, switch
from evermarket.venue.control import ask, serve
from evermarket.venue.protocol.seat import ReadSeat

LOGGER = logging.getLogger(__name__)
AGAIN_S = 0.2
STOP_S = 5.0

FINISHED = ("crowd", "conductor")
"""Processes that end by themselves when the day is over."""
PRIMARY_ENDS = "the primary's process ends"
TELLING = ("crowd", "watch", *LISTENING)
"""Processes that say how they stand in FOLDER/NAME.json."""


class Supervisor:
    """One venue on one machine."""

    def __init__(self, plan: VenuePlan) -> None:
        self.plan = plan
        self.children = {child.name: child for child in commands(plan)}
        self.incident: Incident | None = None
        self._over = asyncio.Event()
        self._is_switching = False

    @property
    def is_switched(self) -> bool:
        """The seat is the twin's; there is no way back that day (R33)."""
        seat = self.plan.seat.step(ReadSeat()).seat
        return seat is not None and seat.owner == TWIN

    @property
    def _holds_the_door(self) -> bool:
        """After a switch the exchange has the first word; once its day is over there is nobody to open the door."""
        return bool(self.plan.policy.cancel_only_s) and not self.children["conductor"].is_done

    async def run(self) -> None:
        """Until `down`, or SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._over.set)
        server = await serve(self.plan.folder / "control", self._answer)
        watching = [asyncio.create_task(self._keep(child)) for child in self.children.values()]
        watching += [asyncio.create_task(watch) for watch in (self._watch_primary(), self._watch_twin())]
        for task in watching:
            task.add_done_callback(self._noticed)
        await self._over.wait()
        for task in watching:
            task.cancel()
        server.close()
        self._stop_all()

    def _noticed(self, task: asyncio.Task[None]) -> None:
        """A part of the supervisor that fails is written down; the rest goes on."""
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("the supervisor fails", exc_info=error)
            self._alarm(f"the supervisor fails: {type(error).__name__}: {error}")

    # --- processes --------------------------------------------------------------------------------------------

    async def _keep(self, child: Child) -> None:
        """Start it, and start it again; but for a primary that the market was taken from."""
        while not (child.name == PRIMARY and self.is_switched):
            child.start(self.plan.folder)
            incident = await self._primary_ends(child) if child.name == PRIMARY else None
            code = await child.ended()
            child.ended_ns = time.time_ns()
            LOGGER.warning("%s ended with %s", child.name, code)
            if incident is not None:
                incident.note("ended", what=f"the primary's process, with {code}")
            if child.name in FINISHED and code == 0:
                child.is_done = True
                return
            await asyncio.sleep(AGAIN_S)

    def _stop_all(self) -> None:
        """Those that feed the cores first, then the cores."""
        for names in ([name for name in self.children if name not in (PRIMARY, TWIN)], [PRIMARY, TWIN]):
            living = [self.children[name] for name in names if self.children[name].process is not None]
            for child in living:
                assert child.process is not None
                child.process.terminate()
            for child in living:
                assert child.process is not None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(STOP_S)
                child.process.kill()

    # --- incidents --------------------------------------------------------------------------------------------

    async def _primary_ends(self, child: Child) -> Incident | None:
        """Wait until it ends; if nobody asked for that it is an incident, and what can be done is done at once."""
        await child.ending()
        if self._is_switching or self.is_switched:
            return None
        incident = self._incident(PRIMARY_ENDS)
        if self.plan.policy.unattended_switch:
            await self._switch(BY_POLICY, PRIMARY_ENDS, primary_answers=False)
        if not self.is_switched and self.plan.policy.restart_primary:
            incident.note("restart", what="the primary is started again; it takes a new epoch")
        return incident

    async def _watch_primary(self) -> None:
        """Liveness: a primary that has had its twin in step, lives and says nothing hangs. Before that it starts."""
        socket, silent = self.plan.own(PRIMARY) / "control", self.plan.policy.silent_ms / 1_000
        life_in_step, heard = 0, time.monotonic()
        while not self.is_switched:
            await asyncio.sleep(silent / 6)
            child = self.children[PRIMARY]
            if child.process is None or child.process.poll() is not None or not socket.exists():
                continue
            try:
                status = await ask(socket, "status", timeout_s=silent)
                heard = time.monotonic()
                if status.get("state") == "MATCH":
                    self._primary_matches()
                    life_in_step = child.lives if TWIN in status["in_step"] else life_in_step
            except TimeoutError:
                if life_in_step == child.lives:
                    await self._primary_silent(child, time.monotonic() - heard)
            except (OSError, ValueError):
                continue

    async def _primary_silent(self, child: Child, silent_s: float) -> None:
        """First the switch, if the policy is for it; a primary that hangs on and cannot be left is started again."""
        if self._is_switching or self.is_switched:
            return
        if self.incident is None:
            self._incident("the primary's process lives and does not answer")
            if self.plan.policy.unattended_switch:
                await self._switch(BY_POLICY, "the primary does not answer", primary_answers=False)
        elif self.plan.policy.restart_primary and silent_s * 1_000 > self.plan.policy.hung_ms:
            self.incident.note("local repair", what=f"silent for {silent_s:.1f} s: its process is killed")
            assert child.process is not None
            child.process.kill()

    async def _stopped(self, what: str) -> dict[str, Any]:
        """No outcome comes any more, whatever the processes say of themselves: the policy's switch, if it has one."""
        if not self.plan.policy.unattended_switch or self.is_switched:
            return self._alarm(what)
        self._incident(what)
        return await self._switch(BY_POLICY, what)

    def _alarm(self, what: str) -> dict[str, Any]:
        """Written down for people: in the incident under way, or one of its own."""
        if self.incident is not None:
            self.incident.note("alarm", what=what)
        else:
            Incident(self.plan.folder / "incidents", what)
        return {"noted": what}

    def _primary_matches(self) -> None:
        if self.incident is not None and not self._is_switching:
            self.incident.note("over", what="the primary matches and answers")
            self.incident = None

    def _incident(self, what: str) -> Incident:
        """The one under way, with this noted, or a new one."""
        if self.incident is None:
            self.incident = Incident(self.plan.folder / "incidents", what)
        else:
            self.incident.note("detected", what=what)
        return self.incident

    async def _switch(self, people: tuple[str, ...], reason: str, *, primary_answers: bool = True) -> dict[str, Any]:
        """Turn the key; what came of it."""
        if self._is_switching:
            return {"refused": "a switch is under way"}
        self._is_switching = True
        incident = self.incident or Incident(self.plan.folder / "incidents", f"asked for by {'+'.join(people)}")
        try:
            await announce(self.plan, incident, people)
            released = await released_by_primary(self.plan) if primary_answers else 0
            stop, held = self._stop_primary, self._holds_the_door
            epoch = await switch(self.plan, incident, people, reason, stop, released=released, held=held)
        except (SwitchRefused, OSError, TimeoutError, ValueError) as error:
            incident.note("not switched", why=str(error))
            LOGGER.warning("not switched: %s", error)
            return {"refused": str(error)}
        else:
            self.incident = None
            asyncio.create_task(self._follow_up(incident))  # noqa: RUF006
            return {"epoch": epoch, "owner": TWIN, "incident": str(incident.path)}
        finally:
            self._is_switching = False

    async def _follow_up(self, incident: Incident) -> None:
        """Written down until trading goes on, or the exchange's day is over."""
        await follow_up(self.plan, incident, lambda: self.children["conductor"].is_done)

    async def _watch_twin(self) -> None:
        """A market that is the twin's and that the twin does not match: it takes it again."""
        control = self.plan.own(TWIN) / "control"
        while True:
            await asyncio.sleep(AGAIN_S)
            if self._is_switching or not self.is_switched:
                continue
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                if (await ask(control, "status")).get("state") == "RECOVER" and not self._is_switching:
                    await self._retake()

    async def _retake(self) -> None:
        incident = self._incident("the market is the twin's, and the twin only follows")
        try:
            epoch = await retake(self.plan, incident, "it goes on", held=self._holds_the_door)
        except (SwitchRefused, OSError, TimeoutError, ValueError, KeyError) as error:
            LOGGER.warning("not taken again: %s: %s", type(error).__name__, error)
        else:
            self._stop_primary()
            incident.note("over", what=f"the twin matches in epoch {epoch}")
            self.incident = None

    def _stop_primary(self) -> None:
        """The old owner is ended; the fence has made it harmless already."""
        process = self.children[PRIMARY].process
        if process is not None:
            process.kill()

    # --- people -----------------------------------------------------------------------------------------------

    async def _answer(self, line: str) -> dict[str, Any]:
        match line.split(maxsplit=2):
            case ["status"]:
                return await self.status()
            case ["alarm", *text]:
                return self._alarm(" ".join(text))
            case ["stopped", *text]:
                return await self._stopped(" ".join(text))
            case ["down"]:
                self._over.set()
                return {"asked": "down"}
            case ["switch", people, reason]:
                return await self._switch(tuple(people.split(",")), reason)
            case _:
                return {"refused": f"{line!r} is none of status, switch BY[,BY] REASON, down"}

    async def status(self) -> dict[str, Any]:
        """What a person asks first: who owns the market, how both cores stand, which processes live."""
        processes = {
            child.name: {
                "pid": child.process.pid if child.process is not None else 0,
                "lives": child.lives,
                "alive": child.process is not None and child.process.poll() is None,
                "done": child.is_done,
            }
            for child in self.children.values()
        }
        facts = await facts_of(self.plan) | {"processes": processes}
        for name in TELLING:
            with contextlib.suppress(OSError, ValueError):
                facts[name] = json.loads((self.plan.folder / f"{name}.json").read_text("utf-8"))
        return facts


if __name__ == "__main__":
    run(lambda plan: Supervisor(plan).run())
