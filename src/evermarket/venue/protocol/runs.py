"""Runs of line 0 (docs/format.md, 4.1): a head that announces texts, and the texts; taken when they are whole."""

import numpy as np

from evermarket.records import HEADER, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import Flag

_WHOLE = np.dtype(f"V{RECORD_BYTES}")
_HEADS = (Kind.ANNOUNCE, Kind.REF_INSTRUMENT)
_TEXTS = 15


def split_runs(unfinished: Records, commands: Records) -> tuple[list[tuple[Records, bool]], Records]:
    """Whole runs in few arrays, each with whether it must be a batch of its own, and the beginning of one not whole.

    Neighbours that need not be alone stay together. A head whose texts do not follow goes as it is; the core refuses.
    """
    records = np.concatenate([unfinished.view(_WHOLE), commands.view(_WHOLE)]).view(HEADER)
    kinds, flags = records["kind"], records["flags"]
    parts: list[tuple[Records, bool]] = []
    start = at = 0
    while at < len(records):
        announced = int(flags[at]) & _TEXTS if kinds[at] in _HEADS else 0
        texts = 0
        while texts < announced and at + 1 + texts < len(records) and kinds[at + 1 + texts] == Kind.TEXT:
            texts += 1
        stop = at + 1 + texts
        if texts < announced and stop == len(records):
            break
        if flags[at] & Flag.POSS_RESEND and kinds[at] != Kind.TEXT:
            parts += [(records[start:at], False), (records[at:stop], True)]
            start = stop
        at = stop
    parts.append((records[start:at], False))
    return [part for part in parts if len(part[0])], records[at:]
