"""Runs of line 0 (docs/format.md, 4.1): a head that announces texts, and the texts; taken when they are whole."""

from typing import NamedTuple

import numpy as np

from evermarket.records import HEADER, Kind, Records
from evermarket.records.kinds import Flag
from evermarket.records.raw import WHOLE

_HEADS = (Kind.ANNOUNCE, Kind.REF_INSTRUMENT)
_TEXTS = 15


class Runs(NamedTuple):
    """Whole runs in few arrays, each with whether it must be a batch of its own; the beginning of one whose texts have
    not all come; whether a text without its head, or a head without its texts, stands behind the whole ones."""

    whole: list[tuple[Records, bool]]
    unfinished: Records
    is_broken: bool


def split_runs(unfinished: Records, commands: Records) -> Runs:
    """What follows a beginning, run by run. Neighbours that need not be alone stay together."""
    records = np.concatenate([unfinished.view(WHOLE), commands.view(WHOLE)]).view(HEADER)
    kinds, flags = records["kind"], records["flags"]
    whole: list[tuple[Records, bool]] = []
    start = at = 0
    is_broken = False
    while at < len(records):
        announced = int(flags[at]) & _TEXTS if kinds[at] in _HEADS else 0
        stop = at + 1
        while stop <= at + announced and stop < len(records) and kinds[stop] == Kind.TEXT:
            stop += 1
        is_broken = bool(kinds[at] == Kind.TEXT) or at + announced >= stop < len(records)
        if is_broken or at + announced >= stop:
            break
        if flags[at] & Flag.POSS_RESEND:
            whole += [(records[start:at], False), (records[at:stop], True)]
            start = stop
        at = stop
    whole.append((records[start:at], False))
    return Runs([run for run in whole if len(run[0])], records[at:], is_broken)
