"""What members' own logs say of their commands."""

from pathlib import Path

import numpy as np

from evermarket.continuity.venue.look import Status
from evermarket.continuity.venue.proof import first_outcomes, rows_of
from evermarket.records import HEADER
from evermarket.records.layout import ORDER


def has_traded(status: Status) -> bool:
    """A good part of the members' orders is answered."""
    return int(status["crowd"]["answered"]) > 500


def unanswered(members: Path) -> dict[int, int]:
    """Commands without exactly one outcome, by line: sent ones less those answered (R36)."""
    sent, found = rows_of(members / "sent.bin"), {}
    for path in sorted(members.glob("flow-*.bin")):
        line = int(path.stem.removeprefix("flow-"))
        flow = np.frombuffer(path.read_bytes(), HEADER)
        ids = np.unique(flow.view(ORDER)["cl_ord_id"][first_outcomes(flow)])
        missing = int(sent[sent[:, 1] == line, 2].sum()) - len(ids)
        if missing:
            found[line] = missing
    return found
