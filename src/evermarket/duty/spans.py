"""Time: slices in which nothing changes, and runs of slices in which something holds.

Units: ns; seconds only where a rule's function takes them. Invariants: slices touch, none is empty.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from evermarket.duty.seen import Own, View
from evermarket.records.units import SECOND_NS

NOTHING: Final = Own(0, None, 0, None, 0, False)
"""A provider that has nothing in the book."""


class Slice(NamedTuple):
    """From `start` to `end` the display was `view` and the provider had `own`."""

    start: int
    end: int
    view: View
    own: Own

    @property
    def length(self) -> int:
        return self.end - self.start


class Run(NamedTuple):
    """Slices in which something held without a break; `length` leaves excused time out."""

    start: int
    end: int
    length: int
    last: Slice


def slices(views: Sequence[View], owns: Sequence[Own], start: int, end: int, cuts: Iterable[int]) -> Iterator[Slice]:
    """The session cut wherever display, quote or rule changes."""
    edges = {start, end, *cuts, *(view.time for view in views), *(own.time for own in owns)}
    times = sorted(edge for edge in edges if start <= edge <= end)
    view_times, own_times = [view.time for view in views], [own.time for own in owns]
    for first, last in pairwise(times):
        view = views[max(bisect_right(view_times, first) - 1, 0)]
        at = bisect_right(own_times, first)
        yield Slice(first, last, view, owns[at - 1] if at else NOTHING)


def runs(parts: Iterable[Slice], holds: Callable[[Slice], bool | None], *, excused_ends: bool = True) -> list[Run]:
    """Where `holds` is true without a break. None is excused time: it ends a run, or is left out of it."""
    found: list[Run] = []
    run: Run | None = None
    for part in parts:
        held = holds(part)
        if held is None and not excused_ends:
            continue
        if held:
            run = Run(run.start, part.end, run.length + part.length, part) if run else Run(part[0], *_first(part))
        elif run is not None:
            found.append(run)
            run = None
    return [*found, run] if run is not None else found


def _first(part: Slice) -> tuple[int, int, Slice]:
    return part.end, part.length, part


def seconds_up(duration_ns: int) -> int:
    """Whole seconds, upwards: for what must not last longer than a limit."""
    return -(-duration_ns // SECOND_NS)


def seconds_down(duration_ns: int) -> int:
    """Whole seconds, downwards: for what must last at least so long."""
    return duration_ns // SECOND_NS
