"""The one key (protocol, 6): the walk from the primary to the twin, each step timed and written down.

Refusals before anything is changed (R27): the twin is not in step, its comparison is not clean, it lacks released
positions, or somebody was first. What rule 6 refuses two people may order; what they overrule is written down.
There is no way back on the same day (R33).
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evermarket.continuity.venue.incident import Incident
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.venue.control import ask
from evermarket.venue.protocol.seat import CompareAndSet, ReadSeat, Seat, SeatAnswer

PEOPLE_TO_FORCE = 2
COMPARED_S = 1.0
LOOK_S = 0.001


class SwitchRefused(Exception):  # noqa: N818
    """The switch was not begun, or not finished; the sentence says why and what stands."""


def refusal(answer: SeatAnswer, twin: dict[str, Any], released: int) -> str | None:
    """Why the twin may not take over (rule 6, R27); None if it may. `released`: what the primary told at least."""
    seat = answer.seat
    if seat is None:
        return "the seat is empty"
    if seat.owner != PRIMARY:
        return f"the seat is {seat.owner}'s since epoch {seat.epoch}, by {seat.by}: {seat.reason}; no return that day"
    if TWIN not in seat.in_step:
        return f"the twin is not in step (it has positions up to {twin['position']}): {seat.reason}"
    if not twin["clean"]:
        return f"the comparison found a difference: {twin['spoiled_by']}"
    if int(twin["position"]) < released:
        return f"the twin has positions up to {twin['position']}, {released} were released"
    return None


async def switch(
    plan: VenuePlan,
    incident: Incident,
    people: tuple[str, ...],
    reason: str,
    stop_primary: Callable[[], None],
    *,
    released: int,
    held: bool,
) -> int:
    """Make the twin the owner; the new epoch. `stop_primary` ends the old owner for good: the fence does not need it,
    an operator does. `released`: up to where the primary told, as far as it says. `held`: the twin's door lets in the
    exchange alone until the conductor opens it. Errors: SwitchRefused, OSError (the twin does not answer)."""
    incident.note("halt announced", by="+".join(people), reason=reason)
    control = plan.own(TWIN) / "control"
    twin = await _compared_up_to(control, released)
    answer = plan.seat.step(ReadSeat())
    incident.note("positions", twin=twin["position"], primary_released=released, twin_clean=twin["clean"])
    why = refusal(answer, twin, released)
    forced = why is not None and answer.seat is not None and answer.seat.owner == PRIMARY
    if why is not None and not (forced and len(set(people)) >= PEOPLE_TO_FORCE):
        incident.note("refused", why=why)
        raise SwitchRefused(why)
    if why is not None:
        incident.note("overruled", why=why, by="+".join(people))
    words = [str(released if why is None else 0)] + ["force"] * (why is not None) + ["hold"] * held
    epoch = await _take_seat(plan, incident, answer, int(twin["promised"]), "+".join(people), reason)
    stop_primary()  # the market is no longer its own; its members hear so from the end of their connections
    await _promote(plan, incident, epoch, words)
    return epoch


async def retake(plan: VenuePlan, incident: Incident, reason: str, *, held: bool) -> int:
    """The seat is the twin's and the twin only follows: its process ended while it owned the market, or a switch broke
    off behind the seat. It takes the market in a new epoch (rule 3); alone in step, it has all that was released.
    Errors: as `switch`."""
    twin = await ask(plan.own(TWIN) / "control", "status")
    answer = plan.seat.step(ReadSeat())
    if answer.seat is None or answer.seat.owner != TWIN:
        raise SwitchRefused(f"the seat is not the twin's: {answer.seat}")
    epoch = await _take_seat(plan, incident, answer, int(twin["promised"]), "supervisor", reason)
    await _promote(plan, incident, epoch, ["0"] + ["hold"] * held)
    return epoch


async def _take_seat(
    plan: VenuePlan, incident: Incident, answer: SeatAnswer, promised: int, by: str, reason: str
) -> int:
    """Promise and seat, steps 3 and 4 of the one key; the new epoch."""
    assert answer.seat is not None, "judged before"
    control, epoch = plan.own(TWIN) / "control", max(answer.seat.epoch, promised) + 1
    said = await ask(control, f"promise {epoch}")
    if "promised" not in said:
        raise SwitchRefused(f"the twin does not promise epoch {epoch}: {said}")
    incident.note("primary fenced", epoch=epoch)
    seat = Seat(epoch, TWIN, (TWIN,), "local", reason, by, plan.clock.now_ns())
    taken = plan.seat.step(CompareAndSet(answer.version, seat))
    if not taken.is_done:
        first = taken.seat
        assert first is not None, "somebody set it"
        incident.note("refused", why="somebody was first", seat=str(first))
        raise SwitchRefused(f"{first.by} was first: epoch {first.epoch}, owner {first.owner}: {first.reason}")
    incident.note("seat taken", epoch=epoch, version=taken.version)
    return epoch


async def _promote(plan: VenuePlan, incident: Incident, epoch: int, words: list[str]) -> None:
    """Step 5. `words`: how the twin is to be promoted."""
    promoted = await ask(plan.own(TWIN) / "control", " ".join(["promote", str(epoch), "2", *words]))
    if "refused" in promoted:
        raise SwitchRefused(f"the twin was not promoted: {promoted['refused']}; the seat is already its own")
    incident.note("promoted", position=promoted["position"], promote_us=promoted["promote_us"])


async def _compared_up_to(control: Path, position: int) -> dict[str, Any]:
    """The twin's status once its shadow has worked everything up to a position: before that its comparison says nothing
    of the last records, though it holds them. Its last status if that takes too long."""
    deadline = time.monotonic() + COMPARED_S
    while (status := await ask(control, "status"))["position"] < position and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_S)
    return status


async def released_by_primary(plan: VenuePlan) -> int:
    """What the primary says that it released; 0 if it says nothing any more."""
    try:
        answer = await ask(plan.own(PRIMARY) / "control", "status", timeout_s=0.05)
        return int(answer["released"])
    except (OSError, TimeoutError, ValueError, KeyError):
        return 0
