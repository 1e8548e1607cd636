"""Cutting a batch so that no due time can pass inside a piece (docs/format.md, 6.5).

An event may announce a time at which the book needs a TIMER; the runner learns of it only after the piece has run. So a
piece must end before the earliest time that any of its own commands could make due:
- an order can start a volatility call, due its time + the shortest `duration_ns` of any set;
- PHASE can postpone a match, due its time + `postpone_ns`, with entry at its time + `entry_ns`;
- RESUME makes its `until` due.
A piece holds a command at least, and never parts a run of TEXT records from its head.
"""

from typing import Final

import numpy as np

from evermarket.day.source import Ints
from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.kinds import Action
from evermarket.records.layout import PHASE

NEVER: Final = 2**63 - 1
PIECE_COMMANDS: Final = 4096

_CHECKS: Final = int(Action.CHECK_PRICES | Action.CHECK_CANCELS | Action.CHECK_LAST)


def soonest_due(commands: Records, duration_ns: int) -> Ints:
    """For each command the earliest time it could make due. `duration_ns`: shortest volatility call, NEVER if none."""
    times = commands["time"]
    kinds = commands["kind"]
    due = np.full(len(commands), NEVER, np.int64)
    if duration_ns != NEVER:
        entering = np.isin(kinds, (Kind.NEW, Kind.REPRICE, Kind.QUOTE))
        due[entering] = times[entering] + duration_ns
    phases = commands.view(PHASE)
    checking = np.flatnonzero((kinds == Kind.PHASE) & (phases["actions"] & _CHECKS != 0))
    for i in checking:
        entry = int(phases["entry_ns"][i])
        delay = min(int(phases["postpone_ns"][i]), entry if entry > 0 else NEVER)
        due[i] = times[i] + delay
    resuming = np.flatnonzero(kinds == Kind.RESUME)
    until = phases["until"][resuming]
    due[resuming] = np.where(until > 0, until, NEVER)
    return due


def shortest_duration(reference: Records) -> int:
    """The shortest volatility call that the reference data allow; NEVER if there is no set."""
    sets = reference[reference["kind"] == Kind.REF_STABILISATION]
    if not len(sets):
        return NEVER
    where = np.flatnonzero(reference["kind"] == Kind.REF_STABILISATION)
    return int(reference.view(LAYOUT[Kind.REF_STABILISATION])["duration_ns"][where].min())


def piece_end(commands: Records, due: Ints, start: int, stop: int, pending: int) -> int:
    """Where the piece that begins at `start` ends: at most `stop`, before any time that is or may become due.

    `pending` is the earliest due time known; the command at `start` lies before it.
    """
    last = min(stop, start + PIECE_COMMANDS)
    times = commands["time"][start:last]
    bound = np.minimum.accumulate(np.minimum(due[start:last], pending))
    over = np.flatnonzero(times[1:] >= bound[:-1])
    end = start + 1 + int(over[0]) if len(over) else last
    kinds = commands["kind"]
    while end < len(commands) and kinds[end] == Kind.TEXT:
        end += 1
    return end
