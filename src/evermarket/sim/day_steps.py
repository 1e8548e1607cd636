"""The day's schedule as commands: PHASE, DRAW and INDICATE of every group at their times.

Source: evermarket.rulebook's timetable of TWSE, translated step by step into docs/format.md, sections 6.2, 6.4, 6.7.
Invariants: sorted by time; at one time draws come before the phase they belong to, and simulated prices last. TIMER
commands are not here: they answer events of the core, and whoever runs the day inserts each one that is due at or
before a command's time before that command.
Units: UTC nanoseconds. Known gaps: special hours of a day are not kept.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from evermarket.records import Kind, Records, blank
from evermarket.records.kinds import ALLOW_CALL, ALLOW_CONTINUOUS, Action, Allow, Match, Mode, Phase
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.units import SECOND_NS
from evermarket.rulebook.timetable import Step, session_steps
from evermarket.sim.board_rules import MARKET
from evermarket.sim.config import SimulationConfig
from evermarket.sim.kernels import Dice
from evermarket.sim.reference import Group

POSTPONE_NS: Final = 120 * SECOND_NS
CLOSE_POSTPONE_NS: Final = 180 * SECOND_NS
CLOSE_ENTRY_NS: Final = 60 * SECOND_NS

_SESSION: Final = {
    Group.REGULAR: "regular",
    Group.DISPOSITION: "periodic",
    Group.ALTERED: "periodic",
    Group.BOND: "bond_call_auction",
    Group.ODD_LOT: "odd_lot_intraday",
    Group.ODD_LOT_AFTER: "odd_lot_after_hours",
    Group.FIXED_PRICE: "fixed_price",
    Group.BLOCK: "block_non_paired",
    Group.BLOCK_PAIRED: "block_paired",
}

_COLLECTING: Final = ("PRE_OPEN", "PERIODIC_CALL", "CLOSE_CALL", "ODD_LOT_CALL", "FIXED_PRICE")
_PLAIN: Final = Allow.LIMIT_ROD | Allow.CANCEL | Allow.REDUCE
_CHECKED: Final = (Group.REGULAR, Group.DISPOSITION, Group.ALTERED, Group.BOND)

Scheduled = tuple[int, int, Records]
"""Time, rank at that time, record."""


def group_steps(group: Group, config: SimulationConfig) -> tuple[Step, ...]:
    """The timetable of a group on the day."""
    interval = {
        Group.DISPOSITION: config.disposition_s,
        Group.ALTERED: config.altered_s,
        Group.BOND: config.bond_s,
    }
    return session_steps(MARKET, _SESSION[group], config.day, interval_s=interval.get(group))


def day_steps(config: SimulationConfig) -> Records:
    """Every scheduled command of the day in the order in which it is due."""
    dice = Dice(config.seed, 2)
    rows: list[Scheduled] = []
    for group in Group:
        rows += _Translator(group, config, dice).rows()
    rows.sort(key=lambda row: row[:2])  # stable: groups of one time keep their order
    merged: Records = np.concatenate([row.view(WHOLE) for _, _, row in rows]).view(ORDER)
    merged["time"] = [time for time, _, _ in rows]
    return merged


class _Translator:
    """One group's steps; remembers the phase it is in, and whether the periodic check is on."""

    def __init__(self, group: Group, config: SimulationConfig, dice: Dice) -> None:
        self._group = group
        self._dice = dice
        self._steps = group_steps(group, config)
        self._indicate_ns = config.indicate_s * SECOND_NS
        self._phase: Step | None = None

    def rows(self) -> list[Scheduled]:
        rows: list[Scheduled] = []
        for step in self._steps:
            rows += self._indications(step)
            if step.group == "postponed":
                continue  # the core postpones and resumes by itself; the day runner sends the timers
            if step.phase is not None:
                self._phase = step
            assert self._phase is not None
            if step.phase is not None or self._does_phase(step):
                for time in step.occurrences():
                    rows += self._phase_rows(self._phase, step, time)
        return rows

    def _does_phase(self, step: Step) -> bool:
        return any(name.startswith(("match_", "start_open", "start_close")) for name in step.does)

    def _indications(self, step: Step) -> Iterator[Scheduled]:
        if not self._indicate_ns:
            return
        start, end = step.at_ns, step.until_ns
        if step.phase == "CONTINUOUS" and self._group == Group.REGULAR and step.group != "postponed":
            start, end = step.at_ns + self._indicate_ns, self._until(step) - 1  # books in a volatility call
        elif "publish_indicative" not in step.does or (step.group == "postponed" and step.at_ns == self._open_ns()):
            return
        assert end is not None
        every = self._indicate_ns if step.every_ns is None or step.every_ns == 5 * SECOND_NS else step.every_ns
        for time in range(start, end + 1, every):
            row = blank(Kind.INDICATE)
            row["group"] = self._group
            yield time, 1, row

    def _open_ns(self) -> int:
        return next((step.at_ns for step in self._steps if "match_open" in step.does), 0)

    def _until(self, step: Step) -> int:
        later = (
            other.at_ns
            for other in self._steps
            if other.phase is not None and other.group != "postponed" and other.at_ns > step.at_ns
        )
        return next(later, 0)

    def _phase_rows(self, phase: Step, step: Step, time: int) -> Iterator[Scheduled]:
        if "draw_priority" in step.does:
            draw = blank(Kind.DRAW)
            draw["seed"] = np.uint64(self._dice.below(2**31) << 32 | self._dice.below(2**31))
            draw["group"] = self._group
            yield time, 0, draw
        assert phase.phase is not None
        row = blank(Kind.PHASE)
        mode = self._mode(phase.phase)
        row["code"], row["group"], row["mode"] = Phase[phase.phase], self._group, mode
        row["allow"], row["until"] = self._allow(phase, mode), self._until(step)
        self._matching(row, step)
        yield time, 0, row

    def _mode(self, phase: str) -> Mode:
        if phase in _COLLECTING:
            return Mode.COLLECT
        if phase == "CONTINUOUS":
            return Mode.CONTINUOUS
        if phase == "BLOCK":
            return Mode.PAIR if self._group == Group.BLOCK_PAIRED else Mode.CONTINUOUS
        return Mode.SHUT

    def _allow(self, phase: Step, mode: Mode) -> Allow:
        if phase.entry != "accept":
            return Allow.CANCEL if phase.cancel == "accept" else Allow(0)
        if self._group not in _CHECKED:
            return _PLAIN
        return ALLOW_CONTINUOUS if mode == Mode.CONTINUOUS else ALLOW_CALL

    def _matching(self, row: Records, step: Step) -> None:
        """What the step matches and does, and how long it may be put off."""
        actions = Action(0)
        checked = self._group in _CHECKED
        for name in step.does:
            if name.startswith("match_"):
                row["match"] = Match.FIXED_PRICE if name == "match_fixed_price" else Match.UNCROSS
            if name == "match_open":
                actions |= Action.FIRST_MATCH | (Action.CHECK_PRICES | Action.CHECK_CANCELS if checked else Action(0))
                row["postpone_ns"] = POSTPONE_NS
            elif name == "match_periodic":
                actions |= Action.CHECK_LAST
                row["postpone_ns"] = POSTPONE_NS
            elif name == "match_close":
                actions |= Action.SET_CLOSE | (Action.CHECK_PRICES if checked else Action(0))
                row["postpone_ns"], row["entry_ns"] = CLOSE_POSTPONE_NS, CLOSE_ENTRY_NS
            elif name in ("start_open_check", "start_close_check"):
                actions |= Action.CHECK_START
            elif name == "purge_market_orders":
                actions |= Action.PURGE_MARKET
            elif name == "expire_orders":
                actions |= Action.EXPIRE
        row["actions"] = actions
