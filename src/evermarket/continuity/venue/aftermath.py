"""What members are told before a switch, and what follows it, watched and written down until trading goes on: doors,
members, the market's reopening.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any, Final

from evermarket.continuity.venue.incident import Incident
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.continuity.venue.reopening import clock
from evermarket.venue.control import ask

LOOK_S: Final = 0.01
PATIENCE_S: Final = 30.0
"""How long members are waited for before it is written down that some are missing."""

ANNOUNCE_S: Final = 0.5
BY_POLICY: Final = ("policy",)


async def announce(plan: VenuePlan, incident: Incident, people: tuple[str, ...]) -> None:
    """Before a switch by hand: members are told, through the primary while it still answers."""
    if people == BY_POLICY:
        return
    try:
        answer = await ask(plan.folder / "exchange", "announce The market is handed to its second core.", ANNOUNCE_S)
    except (OSError, TimeoutError, ValueError) as error:
        answer = {"refused": f"{type(error).__name__}: {error}"}
    incident.note("announced to members", entered="refused" not in answer, why=answer.get("refused", ""))


async def follow_up(plan: VenuePlan, incident: Incident, is_over: Callable[[], bool]) -> None:
    """Until trading goes on, or the day is over."""
    wanted = sessions_before(plan)
    steps = {"doors of the twin open", "members back", "trading goes on"}
    seen, begun = 0, time.monotonic()
    while steps and not is_over():
        twin, exchange = await asyncio.gather(_asked(plan, TWIN), _asked(plan, ""))
        if "doors of the twin open" in steps and twin.get("door", "open") == "open" and twin.get("state") == "MATCH":
            steps.remove("doors of the twin open")
            incident.note("doors of the twin open", position=twin["position"])
        if "members back" in steps and int(twin.get("sessions", -1)) >= wanted:
            steps.remove("members back")
            incident.note("members back", sessions=twin["sessions"], wanted=wanted)
        elif "members back" in steps and time.monotonic() - begun > PATIENCE_S:
            steps.remove("members back")
            incident.note("members missing", sessions=twin.get("sessions"), wanted=wanted)
        stages = exchange.get("stages", [])
        for fact in stages[seen:]:
            _note_stage(incident, fact)
        seen = max(seen, len(stages))
        is_trading = bool(stages) and stages[-1]["stage"] == "done" and "doors of the twin open" not in steps
        if is_trading and "trading goes on" in steps:
            steps.remove("trading goes on")
            incident.note("trading goes on", at_ns=stages[-1]["at_ns"], position=twin.get("position"))
        await asyncio.sleep(LOOK_S)


def _note_stage(incident: Incident, fact: dict[str, Any]) -> None:
    if fact["stage"] in ("cancel only", "reopening"):
        until, ready = clock(int(fact["until_ns"])), fact["ready_permille"]
        incident.note(fact["stage"], at_ns=fact["at_ns"], market_until=until, ready_permille=ready)


def sessions_before(plan: VenuePlan) -> int:
    """How many members were logged on at the primary when it last said so."""
    with contextlib.suppress(OSError, ValueError):
        return int(json.loads((plan.own(PRIMARY) / "status.json").read_text("utf-8"))["sessions"])
    return 0


async def _asked(plan: VenuePlan, name: str) -> dict[str, Any]:
    """A core's status, or the conductor's; nothing if it does not answer."""
    socket = plan.own(name) / "control" if name else plan.folder / "exchange"
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        return await ask(socket, "status")
    return {}
