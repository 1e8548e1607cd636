"""When each stream of the simulation is open, read from the timetable of the day.

Source: the rulebook's TWSE timetable. Units: slots, seconds from the day's first step (08:00).
"""

from itertools import pairwise
from typing import Final

import msgspec

from evermarket.records.units import SECOND_NS
from evermarket.rulebook.timetable import Step
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day_steps import group_steps
from evermarket.sim.reference import Group
from evermarket.sim.state import Stream

DUTY_BEGINS: Final = 300
"""Providers quote from five minutes after the open."""
PAIR_MARGIN: Final = 6
"""The second side of a paired block comes within five seconds, so the last first side comes earlier."""


class Hours(msgspec.Struct, frozen=True):
    """The slots at which the parts of the day begin."""

    start_ns: int
    slots: int
    pre_open: int
    open: int
    closing: int
    close: int
    odd_after: tuple[int, int]
    fixed: tuple[int, int]
    block: tuple[int, int]
    paired: tuple[tuple[int, int], ...]

    def windows(self, stream: Stream) -> tuple[tuple[int, int], ...]:
        """From when to when people come to a stream."""
        if stream == Stream.BLOCK_PAIRED:
            return tuple((first, last - PAIR_MARGIN) for first, last in self.paired)
        if stream in (Stream.QUOTE, Stream.REQUEST):
            return ((self.open + DUTY_BEGINS, self.close),)
        plain = {
            Stream.ODD_LOT_AFTER: self.odd_after,
            Stream.FIXED_PRICE: self.fixed,
            Stream.BLOCK: self.block,
            Stream.REGULAR: (self.pre_open, self.close),
            Stream.ODD_LOT: (self.open, self.close),
        }
        return (plain[stream],)

    def end_of(self, stream: Stream) -> int:
        """The slot in which nothing may be sent any more."""
        return self.paired[-1][1] if stream == Stream.BLOCK_PAIRED else self.windows(stream)[-1][1]


def hours_of(config: SimulationConfig) -> Hours:
    """The hours of the configured day."""
    steps = {group: group_steps(group, config) for group in Group}
    start = min(step.at_ns for rows in steps.values() for step in rows)

    def slot(group: Group, phase: str, at: int = 0) -> int:
        found = [step.at_ns for step in steps[group] if step.phase == phase and step.group != "postponed"]
        return (found[at] - start) // SECOND_NS

    block = (slot(Group.BLOCK, "BLOCK"), slot(Group.BLOCK, "ENDED"))
    pairing = [_span(rows, start) for rows in _open_spans(steps[Group.BLOCK_PAIRED])]
    return Hours(
        start_ns=start,
        slots=block[1],
        pre_open=slot(Group.REGULAR, "PRE_OPEN"),
        open=slot(Group.REGULAR, "CONTINUOUS"),
        closing=slot(Group.REGULAR, "CLOSE_CALL"),
        close=slot(Group.REGULAR, "POST_CLOSE"),
        odd_after=(slot(Group.ODD_LOT_AFTER, "ODD_LOT_CALL"), slot(Group.ODD_LOT_AFTER, "ENDED")),
        fixed=(slot(Group.FIXED_PRICE, "FIXED_PRICE"), slot(Group.FIXED_PRICE, "ENDED")),
        block=block,
        paired=tuple(pairing),
    )


def _open_spans(steps: tuple[Step, ...]) -> list[tuple[Step, Step]]:
    phases = [step for step in steps if step.phase is not None]
    return [(one, after) for one, after in pairwise(phases) if one.entry == "accept"]


def _span(pair: tuple[Step, Step], start: int) -> tuple[int, int]:
    return (pair[0].at_ns - start) // SECOND_NS, (pair[1].at_ns - start) // SECOND_NS
