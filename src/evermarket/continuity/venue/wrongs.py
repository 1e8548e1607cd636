"""What is wrong with a venue, as sentences for whoever watches it, the gravest first. Pure: one look in, sentences out.

BAD wants a person now; MIND is known, goes on, and is not to be forgotten.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

from evermarket.continuity.venue.board import HAND_RAISED
from evermarket.continuity.venue.look import Look, Status
from evermarket.continuity.venue.plan import PRIMARY, TWIN
from evermarket.continuity.venue.reopening import clock
from evermarket.records.units import SECOND_NS

MAKE: Final = {PRIMARY: "primary", TWIN: "twin"}
OVER: Final = ("over", "trading goes on")
SWITCH: Final = "A switch is under way"
FRESH_NS: Final = 60 * SECOND_NS
"""An incident in which nothing happened for so long is one to be looked at, not one under way."""

Steps = list[dict[str, Any]]


class Grade(StrEnum):
    """How bad."""

    BAD = "bad"
    MIND = "mind"


class Wrong(NamedTuple):
    """One thing that is wrong."""

    grade: Grade
    text: str


def wrongs(look: Look) -> list[Wrong]:
    """Everything that is wrong, the gravest first."""
    status = look.status
    found = [*_market(status), *_cores(status), *_processes(status), *_incidents(look.incidents, look.at_ns)]
    if look.trouble:
        found.append(Wrong(Grade.BAD, f"The supervisor does not answer ({look.trouble}): nothing is started again"))
    hands = [facts for facts in (look.board or {"lines": {}})["lines"].values() if facts["state"] == HAND_RAISED]
    if hands:
        found.append(Wrong(Grade.MIND, f"{_count(len(hands), 'line')} raised a hand"))
    return sorted(found, key=lambda wrong: (wrong.grade != Grade.BAD, not wrong.text.startswith(SWITCH)))


def stage_of(status: Status) -> str:
    """Where the market is, in words."""
    exchange = status.get("exchange")
    if exchange is None:
        return "day is over" if is_day_over(status) else "unknown"
    if exchange["stage"] == "cancel only":
        return f"cancel only until {clock(int(exchange['until_ns']))}"
    if exchange["stage"] in ("trading", "done") and exchange["halted"]:
        return "halted" if exchange["halted"] == exchange["books"] else "trading, some books halted"
    return "trading" if exchange["stage"] == "done" else str(exchange["stage"])


def is_day_over(status: Status) -> bool:
    """The exchange has sent everything of the day."""
    return bool(status["processes"].get("conductor", {}).get("done"))


def is_switched(status: Status) -> bool:
    """The market was handed to the twin."""
    return (status.get("seat") or {}).get("owner") == TWIN


def is_open(steps: Steps) -> bool:
    """Whether an incident is not over yet."""
    names = [step["step"] for step in steps]
    return bool(names) and names[-1] != "not switched" and not any(name in OVER for name in names)


def is_switching(steps: Steps) -> bool:
    """Whether the key is being turned in this incident."""
    names = [step["step"] for step in steps]
    return "halt announced" in names and not {"promoted", "refused", "not switched"} & set(names)


def _incidents(incidents: list[Steps], now_ns: int) -> Iterator[Wrong]:
    """The switch that is under way, or the latest that is open; an alarm that nobody followed up is one step alone."""
    found = [steps for steps in incidents if is_open(steps)]
    for steps in [steps for steps in found if is_switching(steps)][-1:]:
        yield Wrong(Grade.BAD, f"{SWITCH}: {_last(steps)}")
    for steps in [steps for steps in found if not is_switching(steps)][-1:]:
        is_fresh = now_ns - int(steps[-1]["at_ns"]) < FRESH_NS
        text = f"An incident is open: {_last(steps)}" if len(steps) > 1 else f"Alarm: {steps[0].get('what', '')}"
        yield Wrong(Grade.BAD if is_fresh else Grade.MIND, text)


def _last(steps: Steps) -> str:
    what = steps[0].get("what", "")
    return f"{steps[-1]['step']}, at {steps[-1]['ms']:,.1f} ms" + (f" ({what})" if what else "")


def _market(status: Status) -> Iterator[Wrong]:
    exchange = status.get("exchange")
    if exchange is None:
        if not is_day_over(status):
            yield Wrong(Grade.BAD, "The conductor does not answer: no phase begins, nothing reopens")
        return
    match exchange["stage"]:
        case "halting":
            yield Wrong(Grade.BAD, "The market is being halted after a switch; members wait at the door")
        case "cancel only":
            back, until = exchange["ready_permille"], clock(int(exchange["until_ns"]))
            yield Wrong(Grade.BAD, f"Trading stands until {until}: cancel and reduce only; {back / 10:.1f} % are back")
        case "reopening":
            yield Wrong(Grade.BAD, f"Trading reopens: {exchange['halted']:,} of {exchange['books']:,} books are halted")
        case _ if exchange["halted"]:
            yield Wrong(Grade.BAD, f"{exchange['halted']:,} of {exchange['books']:,} books are halted")


def _cores(status: Status) -> Iterator[Wrong]:
    seat, cores = status.get("seat"), status["cores"]
    if seat is None:
        yield Wrong(Grade.BAD, "The seat is empty: nobody owns the market")
        return
    owner, other = seat["owner"], TWIN if seat["owner"] == PRIMARY else PRIMARY
    state = cores[owner].get("state")
    if state == "SILENT":
        yield Wrong(Grade.BAD, f"The owner, {_named(owner)}, does not answer: {cores[owner].get('why', '')}")
    elif state != "MATCH":
        yield Wrong(Grade.BAD, f"The owner, {_named(owner)}, does not match: it is in state {state}")
    if is_switched(status):
        text = f"No second core: {_named(PRIMARY)} stays out for the day ({seat['reason']})"
        yield Wrong(Grade.MIND, text)
    elif cores[other].get("state") == "SILENT":
        yield Wrong(Grade.BAD, f"The follower, {_named(other)}, does not answer: {cores[other].get('why', '')}")
    elif other not in seat["in_step"]:
        yield Wrong(Grade.BAD, f"The follower, {_named(other)}, is out of step: {seat['reason']}")
    twin = cores[TWIN]
    if twin.get("clean") is False:
        yield Wrong(Grade.BAD, f"The comparison is not clean: {_said(twin.get('spoiled_by'))}")
    for flag in ("stalled", "silent"):
        if twin.get(flag):
            yield Wrong(Grade.BAD, f"The follower, {_named(TWIN)}, says: {flag}")


def _processes(status: Status) -> Iterator[Wrong]:
    gone = [
        f"{name} (life {process['lives']})"
        for name, process in status["processes"].items()
        if not process["alive"] and not process["done"] and not (name == PRIMARY and is_switched(status))
    ]
    if gone:
        yield Wrong(Grade.BAD, f"Not running: {', '.join(gone)}")


def _named(core: str) -> str:
    return f"{core} ({MAKE[core]})"


def _said(alarm: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in alarm.items()) if isinstance(alarm, dict) else str(alarm)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
