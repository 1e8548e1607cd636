"""The expected phase clock (R16): the day's timetable on one side, the phases in the released stream on the other.

A phase entered early, late, twice or out of turn, or not at all, is an alarm: phase changes are where silent damage
happens. A fold of the released stream; pure, time is given.
"""

from collections import defaultdict, deque
from typing import Final

from evermarket.records import Kind, Records
from evermarket.records.kinds import Phase
from evermarket.records.raw import of
from evermarket.records.units import SECOND_NS

_NAMES: Final = {int(phase): phase.name for phase in Phase}

Step = tuple[int, int]
"""Time due, and the phase's label."""


class PhaseClock:
    """`schedule` as commands of the exchange; a step may be `tolerance_ns` of market time early or late."""

    def __init__(self, schedule: Records, tolerance_ns: int) -> None:
        self._tolerance_ns: Final = tolerance_ns
        self._due: dict[int, deque[Step]] = defaultdict(deque)
        self._last: dict[int, Step] = {}
        self._missed: set[tuple[int, Step]] = set()
        self._excused_ns = 0
        for row in of(schedule, Kind.PHASE):
            self._due[int(row["group"])].append((int(row["time"]), int(row["code"])))

    def take(self, released: Records) -> list[str]:
        """The next piece of the released stream; alarms."""
        changed = of(released, Kind.PHASE_CHANGED)
        rows = changed[changed["instrument"] == 0]
        return [alarm for row in rows for alarm in self._entered(int(row["group"]), int(row["time"]), int(row["code"]))]

    def late(self, now_ns: int) -> list[str]:
        """Alarms for steps that should have been seen by now; each is told once."""
        found = []
        for group, steps in self._due.items():
            for step in steps:
                if max(step[0], self._excused_ns) + self._tolerance_ns >= now_ns:
                    break
                if (group, step) not in self._missed:
                    self._missed.add((group, step))
                    found.append(f"group {group}: {name(step[1])} has not begun")
        return found

    def excuse(self, now_ns: int) -> None:
        """The market has changed hands now: what fell due before may come late."""
        self._excused_ns = now_ns

    def _entered(self, group: int, time_ns: int, label: int) -> list[str]:
        steps, last = self._due[group], self._last.get(group)
        self._last[group] = (time_ns, label)
        if not steps or steps[0][1] != label:
            if last is not None and last[1] == label:
                return [f"group {group}: {name(label)} was entered twice"]
            return [f"group {group}: {name(label)} was entered; {name(steps[0][1]) if steps else 'nothing'} was due"]
        due_ns, _ = steps.popleft()
        off_ns = time_ns - (due_ns if time_ns < due_ns else max(due_ns, min(time_ns, self._excused_ns)))
        if abs(off_ns) <= self._tolerance_ns:
            return []
        return [f"group {group}: {name(label)} began {abs(off_ns) // SECOND_NS} s {'late' if off_ns > 0 else 'early'}"]


def name(label: int) -> str:
    """A phase's name, or its number if it has none."""
    return _NAMES.get(label, str(label))
