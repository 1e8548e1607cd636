"""The members' board (R39): each line, whose it is, how ready it is, and its share of what was traded today. Pure.

What the owner's control socket says to `board` is `{"lines": {"17": {"state", "why", "received", "flow", "since_ns"}},
"at_ns"}`; lines that are not in it are not connected. `why` is the member's own text and may be anything.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

EXCHANGE: Final = "0"
"""The exchange's own line stands on the board too, and is nobody's."""

NOT_CONNECTED: Final = "NOT_CONNECTED"
HAND_RAISED: Final = "HAND_RAISED"
READY: Final = ("CAUGHT_UP", "READY")
"""States of those who could trade at once."""

STATES: Final = (HAND_RAISED, NOT_CONNECTED, "LOGGED_ON", *READY)
"""In the order in which they want a person."""

Answer = dict[str, Any]
"""What the owner says to `board`."""


class MemberLine(NamedTuple):
    """One line on the board. `share` of the day's volume in millionths; `since_ns` real time, 0 if not connected."""

    line: int
    member: int
    state: str
    why: str
    share: int
    since_ns: int


def ready_lines(answer: Answer) -> set[int]:
    """Lines whose members could trade at once."""
    return {int(line) for line, facts in answer["lines"].items() if facts["state"] in READY and line != EXCHANGE}


def counts(answer: Answer, lines: int) -> dict[str, int]:
    """How many of so many lines are in each state."""
    found = Counter(str(facts["state"]) for line, facts in answer["lines"].items() if line != EXCHANGE)
    found[NOT_CONNECTED] = max(0, lines - found.total())
    return {state: found[state] for state in STATES}


def member_lines(answer: Answer, members: Mapping[int, int], volume: Mapping[int, int]) -> list[MemberLine]:
    """The board, those that want a person first, then by what they traded. `members`: whose each line is; `volume`:
    what each has traded."""
    told, total = answer["lines"], sum(volume.values())
    found = []
    for line, member in members.items():
        facts = told.get(str(line)) or {"state": NOT_CONNECTED, "why": "", "since_ns": 0}
        share = volume.get(line, 0) * 1_000_000 // total if total else 0
        found.append(MemberLine(line, member, str(facts["state"]), str(facts["why"]), share, int(facts["since_ns"])))
    return sorted(found, key=lambda one: (_rank(one), -one.share, one.line))


def _rank(one: MemberLine) -> int:
    """Lines that nobody uses today, such as those of guests, are no worry."""
    if one.state == NOT_CONNECTED and not one.share:
        return len(STATES)
    return STATES.index(one.state) if one.state in STATES else 0
