"""The book after a position of a journal: its commands run again through a core, up to there.

A position inside the events of a command stands for the state after that command: a core knows no state between.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from evermarket.day.errors import SourceError
from evermarket.day.journal_again import read
from evermarket.day.runner import MatchingCore
from evermarket.day.source import Instrument, Levels
from evermarket.day.texts import price_text
from evermarket.day.watching import ladder
from evermarket.records import HEADER, Kind, Records
from evermarket.records.raw import take


def book_at(
    folder: Path,
    position: int,
    core: MatchingCore,
    *,
    code: str | None = None,
    levels: int = 5,
    unfilled: bool = False,
) -> dict[str, Any]:
    """Ladder, digest and time after `position`; the ladder as it stands, or as a match held then would leave it."""
    source = read(folder)
    last: Records = np.zeros(0, HEADER)
    for batch in source.batches():
        commands = batch.commands
        wanted = commands["position"] <= position
        if wanted.any():
            last = take(commands, np.flatnonzero(wanted)[-1:], HEADER)
            core.run(take(commands, _whole_runs(commands, wanted), HEADER))
        if not wanted.all():
            break
    if not len(last):
        raise SourceError(f"{folder}: the journal is empty")
    if core.position < position:
        raise SourceError(f"{folder}: the journal ends at position {core.position}, before {position}")
    instrument = _chosen(source.instruments, code, int(last["instrument"][0]))
    bids, asks = ladder(core.unfilled if unfilled else core.depth, instrument.number, levels)
    return {
        "code": instrument.code,
        "name": instrument.name,
        "position": position,
        "time": source.day.clock(int(last["time"][0])),
        "bids": _rows(bids),
        "asks": _rows(asks),
        "digest": f"{core.digest:016x}",
    }


def _whole_runs(commands: Records, wanted: Any) -> Any:
    """A position inside a run of texts takes the whole run."""
    upto = int(np.count_nonzero(wanted))
    while upto < len(commands) and commands["kind"][upto] == Kind.TEXT:
        upto += 1
    return np.arange(upto)


def _chosen(instruments: list[Instrument], code: str | None, number: int) -> Instrument:
    for one in instruments:
        if one.code == code or (code is None and one.number == number):
            return one
    if code is None and instruments:
        return instruments[0]
    near = get_close_matches(code or "", [one.code for one in instruments], 3, 0.0)
    raise SourceError(f"{code} is no code of this journal; nearest: {', '.join(near)}")


def _rows(levels: Levels) -> list[dict[str, Any]]:
    return [
        {"price": price_text(int(one["price"])), "qty": int(one["qty"]), "orders": int(one["count"])} for one in levels
    ]
