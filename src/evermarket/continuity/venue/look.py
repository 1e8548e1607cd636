"""One look at a running venue: the supervisor's status, the members' board, the incidents; from whoever still answers.

The supervisor's answer is taken if it comes; a supervisor that is gone itself is no reason to see nothing: seat, cores
and conductor are then asked without it.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from evermarket.continuity.venue.board import Answer
from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.venue.control import ask
from evermarket.venue.protocol.seat import ReadSeat

CORE_ANSWERS_S: Final = 0.3
SUPERVISOR_ANSWERS_S: Final = 1.0
Status = dict[str, Any]
"""A supervisor's answer to `status`."""


class Look(NamedTuple):
    """What was seen. `board` None: no owner tells one. `trouble`: why the supervisor did not answer, or nothing.
    `incidents` oldest first, a list of steps each."""

    status: Status
    board: Answer | None
    incidents: list[list[dict[str, Any]]]
    trouble: str
    at_ns: int


async def look(plan: VenuePlan) -> Look:
    """Look now."""
    trouble = ""
    try:
        status = await ask(plan.folder / "control", "status", SUPERVISOR_ANSWERS_S)
    except (OSError, TimeoutError, ValueError) as error:
        trouble = f"{type(error).__name__}: {error}".rstrip(": ")
        status = {"processes": {}} | await facts_of(plan)
    return await completed(plan, status, trouble)


async def completed(plan: VenuePlan, status: Status, trouble: str = "") -> Look:
    """A status, and what it does not say."""
    board, incidents = await board_of(plan, status), read_incidents(plan.folder / "incidents")
    return Look(status, board, incidents, trouble, time.time_ns())


async def board_of(plan: VenuePlan, status: Status) -> Answer | None:
    """What the owner says of its lines; None if it does not."""
    owner = str((status.get("seat") or {}).get("owner", ""))
    if owner not in status["cores"] or status["cores"][owner].get("state") != "MATCH":
        return None
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        answer = await ask(plan.own(owner) / "control", "board", CORE_ANSWERS_S)
        if "lines" in answer:
            return answer
    return None


async def facts_of(plan: VenuePlan) -> Status:
    """Who owns the market, how both cores and the conductor stand; all asked at once."""
    seat = plan.seat.step(ReadSeat()).seat
    folder = plan.folder
    sockets = (plan.own(PRIMARY) / "control", plan.own(TWIN) / "control", folder / "exchange")
    primary, twin, exchange = await asyncio.gather(*(_answer(socket) for socket in sockets))
    facts: Status = {
        "folder": str(folder),
        "market_ns": plan.clock.now_ns(),
        "seat": None if seat is None else {name: getattr(seat, name) for name in seat.__slots__},
        "cores": {PRIMARY: primary, TWIN: twin},
    }
    if exchange.get("state") != "SILENT":
        facts["exchange"] = exchange
    return facts


async def _answer(socket: Path) -> dict[str, Any]:
    try:
        return await ask(socket, "status", CORE_ANSWERS_S)
    except (OSError, TimeoutError, ValueError) as error:
        return {"state": "SILENT", "why": f"{type(error).__name__}: {error}"}
