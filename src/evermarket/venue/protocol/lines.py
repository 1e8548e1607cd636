"""Exactly once (protocol 7): each line's ids and what it was told, folded from the journal.

A client order id only grows on its line, so "have I seen it" is one comparison and the first outcome a binary search.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from evermarket.venue.protocol.frames import Block, Frame, Outcome


@dataclass(slots=True)
class Line:
    """One line: first outcomes by growing id, and its whole flow by growing position."""

    ids: list[int] = field(default_factory=list)
    first_outcomes: list[Outcome] = field(default_factory=list)
    flow: list[Outcome] = field(default_factory=list)


class Lines:
    """All lines of a partition; a fold of the journal, released or not: the reader says up to where."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}

    def fold(self, frame: Frame) -> None:
        if not isinstance(frame, Block):
            return
        for outcome in frame.outcomes:
            line = self._lines.setdefault(outcome.line, Line())
            line.flow.append(outcome)
            if outcome.order_id and (not line.ids or outcome.order_id > line.ids[-1]):
                line.ids.append(outcome.order_id)
                line.first_outcomes.append(outcome)

    def rebuild(self, frames: Iterable[Frame]) -> None:
        """From the first frame again: after a restart, and when a tail was cut."""
        self._lines = {}
        for frame in frames:
            self.fold(frame)

    def last_id(self, line: int) -> int:
        """The highest id that the journal holds of a line, 0 if none."""
        known = self._lines.get(line)
        return known.ids[-1] if known and known.ids else 0

    def outcome(self, line: int, order_id: int) -> Outcome | None:
        """The first outcome of an id; None if the journal does not have the id."""
        known = self._lines.get(line, Line())
        at = bisect_left(known.ids, order_id)
        return known.first_outcomes[at] if at < len(known.ids) and known.ids[at] == order_id else None

    def flow(self, line: int, after: int, upto: int) -> list[Outcome]:
        """What a line was told at positions above `after`, up to `upto`."""
        flow = self._lines.get(line, Line()).flow
        start = bisect_right(flow, after, key=lambda outcome: outcome.position)
        stop = bisect_right(flow, upto, key=lambda outcome: outcome.position)
        return flow[start:stop]

    def position_before(self, line: int, position: int) -> int:
        """The position of the line's outcome before the one at `position`; 0 if there is none."""
        flow = self._lines.get(line, Line()).flow
        at = bisect_left(flow, position, key=lambda outcome: outcome.position)
        return flow[at - 1].position if at else 0
