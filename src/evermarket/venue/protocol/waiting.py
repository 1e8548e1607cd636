"""Commands that were taken and wait for their batch, in the order they were taken.

Invariants: a run (a head and its texts) is never split; a command whose sender does not know its fate is a batch of its
own (rule 7). A part is an array of commands; only parts without texts are split between batches.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from evermarket.records import HEADER, Kind, Records
from evermarket.records.raw import WHOLE
from evermarket.venue.protocol.flow import words_of
from evermarket.venue.protocol.kernels.words import BY_32, SHORT


@dataclass(frozen=True, slots=True)
class Part:
    """Commands that came together. `is_alone`: a batch of its own, never split."""

    records: Records
    is_alone: bool = False


class Waiting:
    """First in, first out."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self.records = 0

    def put(self, records: Records, *, is_alone: bool = False) -> None:
        self._parts.append(Part(records, is_alone))
        self.records += len(records)

    def next_batch(self, records_max: int) -> tuple[Records, bool]:
        """A copy of what is worked next, at least one command with its texts, and whether it is alone."""
        part = self._take(records_max, is_first=True)
        if part.is_alone:
            return part.records.view(WHOLE).copy().view(HEADER), True
        batch, room = [part.records.view(WHOLE)], records_max - len(part.records)
        while room > 0 and self._parts and not self._parts[0].is_alone:
            taken = self._take(room).records.view(WHOLE)
            batch.append(taken)
            room -= len(taken) or room
        return np.concatenate(batch).view(HEADER), False

    def holds(self, line: int, cl_ord_id: int) -> bool:
        """Whether a command of a member's line waits."""
        return any(holds(part.records, line, cl_ord_id) for part in self._parts)

    def _take(self, records_max: int, *, is_first: bool = False) -> Part:
        """The first part, or as much of it as may come now; a run too long for what is left comes next time first."""
        part = self._parts.popleft()
        if len(part.records) > records_max and not part.is_alone:
            cut = _run_boundary(part.records, records_max) or (_run_end(part.records) if is_first else 0)
            if cut < len(part.records):
                self._parts.appendleft(Part(part.records[cut:]))
            part = Part(part.records[:cut])
        self.records -= len(part.records)
        return part


def holds(records: Records, line: int, cl_ord_id: int) -> bool:
    """Whether a line's command with this id is among these."""
    words = words_of(records)
    lines = words[:, 6] >> BY_32 & SHORT
    return bool(((lines == line) & (words[:, 3] == np.uint64(cl_ord_id)) & (records["kind"] <= Kind.VOID_TRADE)).any())


def _run_boundary(records: Records, records_max: int) -> int:
    """The largest number of records up to this many behind which no text follows."""
    cut = records_max
    while cut and records["kind"][cut] == Kind.TEXT:
        cut -= 1
    return cut


def _run_end(records: Records) -> int:
    """The length of the first run."""
    heads = np.flatnonzero(records["kind"][1:] != Kind.TEXT)
    return int(heads[0]) + 1 if len(heads) else len(records)
