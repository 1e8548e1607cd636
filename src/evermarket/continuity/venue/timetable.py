"""What the exchange itself still has to send on a day: reference data, scheduled phases and calls, timers that are due.

A fold of the released stream: what the journal has is done, whoever sent it. So whoever conducts may die at any moment,
or speak to another core, and goes on where the market stands. Pure: records in, records out, time is given.
"""

import numpy as np

from evermarket.day.timers import Timers
from evermarket.records import HEADER, Kind, Records
from evermarket.records.raw import WHOLE
from evermarket.records.units import RECORD_BYTES, SEGMENT_BITS

_REFERENCE = (
    Kind.REF_TICK,
    Kind.REF_LINE,
    Kind.REF_STABILISATION,
    Kind.REF_INSTRUMENT,
    Kind.REF_PRICES,
    Kind.REF_CONTRACT,
)
_KIND_AT = 16
"""Position and time before it are the core's to give."""

_SCHEDULED = (Kind.PHASE, Kind.INDICATE, Kind.DRAW)


class Timetable:
    """`reference` and `schedule` as commands in order; `take` what was released, ask `due` for what to send."""

    def __init__(self, reference: Records, schedule: Records) -> None:
        self._reference = reference.view(WHOLE)
        self._heads = np.flatnonzero(np.isin(reference["kind"], _REFERENCE))
        self._schedule = schedule.view(WHOLE)
        self._times = schedule["time"].copy()
        self._timers = Timers()
        self._reference_done = 0
        self._schedule_done = 0

    @property
    def is_over(self) -> bool:
        """Everything scheduled is in the journal."""
        return self._schedule_done >= len(self._schedule)

    @property
    def next_ns(self) -> int:
        """Market time at which something is due next; 0 while reference data is missing."""
        if self._reference_done < len(self._heads):
            return 0
        scheduled = int(self._times[self._schedule_done]) if not self.is_over else np.iinfo(np.int64).max
        return min(scheduled, self._timers.next_due)

    def take(self, released: Records) -> None:
        """The next piece of the released stream."""
        kinds = released["kind"]
        rows = released.view(WHOLE)
        reference, scheduled = (rows[np.isin(kinds, some)] for some in (_REFERENCE, _SCHEDULED))
        self._reference_done += met(self._reference[self._heads[self._reference_done :]], reference)
        self._schedule_done += met(self._schedule[self._schedule_done :], scheduled)
        self._timers.fold(released)
        self._forget_met(released)

    def due(self, now_ns: int) -> Records:
        """Everything to be sent by now that the journal does not have, in order: reference data whole at first."""
        parts: list[Records] = []
        if self._reference_done < len(self._heads):
            parts.append(self._reference[self._heads[self._reference_done] :])
        upto = int(np.searchsorted(self._times, now_ns, side="right"))
        scheduled = self._schedule[self._schedule_done : upto]
        timers = self._timers.owed(now_ns)
        if len(timers) and len(scheduled):
            at = np.searchsorted(scheduled.view(HEADER)["time"], timers["time"], side="left")
            parts.append(np.insert(scheduled, at, timers.view(WHOLE)))
        else:
            parts += [scheduled, timers.view(WHOLE)]
        return np.concatenate(parts).view(HEADER)

    def _forget_met(self, released: Records) -> None:
        """Timers whose command is in the journal are met, whatever was answered."""
        for row in released[released["kind"] == Kind.TIMER]:
            self._timers.met(int(row["instrument"]), int(row["attributes"]) & SEGMENT_BITS, int(row["code"]))


def met(wanted: Records, seen: Records) -> int:
    """How many of the wanted commands, from the first on, are among those seen; what was sent twice counts once."""
    if not len(seen):
        return 0
    ours, theirs = (rows.view(np.uint8).reshape(-1, RECORD_BYTES)[:, _KIND_AT:] for rows in (wanted, seen))
    count = min(len(ours), len(theirs))
    if count == len(theirs) and (ours[:count] == theirs).all():
        return count
    done = 0
    for row in theirs:
        if done < len(ours) and (row == ours[done]).all():
            done += 1
    return done
