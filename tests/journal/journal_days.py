"""Small days with mixed records, used by the tests of this folder."""

from pathlib import Path

import numpy as np

from evermarket.journal import DayFacts, JournalWriter
from evermarket.records import HEADER, LAYOUT, Kind, Records, blank

DAY = DayFacts(20261120, partition=2, primary_version=3, twin_version=4, rulebook_day=20260701, config=5, seed=6)
OPEN_NS = 1_795_136_400_000_000_000
"""2026-11-20 09:00 in Taipei."""


def batch(first: int, count: int) -> Records:
    """Odd positions are orders, even ones trades; every field follows from the position."""
    rows = blank(Kind.NEW, count).view(HEADER)
    positions = np.arange(first, first + count, dtype=np.uint64)
    rows["position"] = positions
    rows["time"] = OPEN_NS + positions.astype(np.int64) * 1_000
    rows["instrument"] = positions
    rows["attributes"] = 1
    trades = positions % 2 == 0
    rows["kind"][trades] = Kind.TRADED
    rows["code"][trades] = 1
    for kind, mine in ((Kind.NEW, ~trades), (Kind.TRADED, trades)):
        body, at = rows.view(LAYOUT[kind]), positions[mine]
        body["price"][mine] = 406_000 + at * 10
        body["qty"][mine] = 1_000 + at
        if kind == Kind.NEW:
            for name, value in (("cl_ord_id", at), ("order_no", at), ("line", 1), ("side", 1), ("ord_type", 2)):
                body[name][mine] = value
            body["tif"][mine] = 1
        else:
            body["trade_no"][mine] = at
    return rows


def write_day(
    folder: Path,
    sizes: list[int],
    *,
    change: tuple[int, str, int] | None = None,
    digest: int = 0,
    segment_bytes: int = 65_536,
) -> None:
    """Blocks of these sizes; `change`: position, field of TRADED or NEW, value. The digest of a block is its position
    plus `digest`."""
    with JournalWriter.create(folder, DAY, segment_bytes=segment_bytes, background=False) as writer:
        writer.begin_epoch(1, owner=9, make=1, time=OPEN_NS)
        for size in sizes:
            rows = batch(writer.position + 1, size)
            if change is not None and rows["position"][0] <= change[0] <= rows["position"][-1]:
                at = change[0] - int(rows["position"][0])
                rows.view(LAYOUT[Kind(int(rows["kind"][at]))])[change[1]][at] = change[2]
            writer.append(rows, writer.position + size + digest)
            writer.sync()
