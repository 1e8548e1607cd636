"""How many commands a line may send: a bucket of `rate` commands, filled at `rate` a second (docs/sessions.md, Rate).

Integers only: the level is kept in billionths of a command, so that one nanosecond fills exactly `rate` of them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evermarket.records.units import SECOND_NS

Ids = npt.NDArray[np.uint64]
Chosen = npt.NDArray[np.bool_]


class Judged(NamedTuple):
    """Which commands of a batch pass, the highest id taken after it, and the wait of those that do not."""

    passed: Chosen
    last_id: int
    retry_ns: int


class Bucket:
    """The bucket of one line; full at first. `rate` 0 has no bottom."""

    def __init__(self, rate: int, now_ns: int) -> None:
        self.rate = rate
        self._level = rate * SECOND_NS
        self._filled_ns = now_ns

    def judge(self, now_ns: int, ids: Ids, last_id: int) -> Judged:
        """A batch of commands that arrived together. An id not above the highest one taken is a resend and passes."""
        before = np.maximum.accumulate(np.concatenate((np.array([last_id], np.uint64), ids)))
        if self.rate == 0:
            return Judged(np.ones(len(ids), np.bool_), int(before[-1]), 0)
        self._fill(now_ns)
        room = self._level // SECOND_NS
        fresh = np.flatnonzero(ids > before[:-1])
        if len(fresh) <= room:
            self._level -= len(fresh) * SECOND_NS
            return Judged(np.ones(len(ids), np.bool_), int(before[-1]), 0)
        return self._short(ids, int(before[fresh[room]]), int(fresh[room]), room)

    def takes(self, now_ns: int) -> bool:
        """One new command; False if it finds the bucket empty."""
        if self.rate == 0:
            return True
        self._fill(now_ns)
        if self._level < SECOND_NS:
            return False
        self._level -= SECOND_NS
        return True

    def _fill(self, now_ns: int) -> None:
        passed_ns = max(0, now_ns - self._filled_ns)
        self._level = min(self.rate * SECOND_NS, self._level + passed_ns * self.rate)
        self._filled_ns = max(now_ns, self._filled_ns)

    def _short(self, ids: Ids, last_id: int, empty_at: int, room: int) -> Judged:
        """From `empty_at` on the bucket is empty: what is new is not taken, so the highest id stays `last_id`."""
        self._level -= room * SECOND_NS
        passed = ids <= np.uint64(last_id)
        passed[:empty_at] = True
        missing = SECOND_NS - self._level
        return Judged(passed, last_id, -(-missing // self.rate))
