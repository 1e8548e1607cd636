"""Batches from what waits: order kept, runs whole, commands whose fate is not known alone."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import Flag
from evermarket.venue.protocol.runs import split_runs
from evermarket.venue.protocol.waiting import Waiting


def run(texts: int, number: int, *, flagged: bool = False) -> Records:
    """A head with its texts (a phase if there are none); `position` tells them apart."""
    head = blank(Kind.ANNOUNCE if texts else Kind.PHASE)
    head["flags"] = texts | (Flag.POSS_RESEND if flagged else 0)
    records = np.concatenate([head.view("V64"), blank(Kind.TEXT, texts).view("V64")]).view(HEADER)
    records["position"] = np.arange(number, number + len(records))
    return records


def joined(parts: list[Records]) -> Records:
    return np.concatenate([part.view("V64") for part in parts]).view(HEADER)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12),
    st.lists(st.integers(0, 40), max_size=4),
    st.integers(1, 7),
)
def test_line_0_says_runs_in_pieces_and_they_are_worked_whole(
    heads: list[tuple[int, bool]], cuts: list[int], records_max: int
) -> None:
    """Also a run that is longer than a batch: it once stood in front of the queue for ever."""
    runs, number = [], 1
    for texts, flagged in heads:
        runs.append(run(texts, number, flagged=flagged))
        number += texts + 1
    said = joined(runs)
    waiting, unfinished = Waiting(), said[:0]
    edges = sorted({0, len(said), *(min(cut, len(said)) for cut in cuts)})
    for start, stop in pairwise(edges):
        parts, unfinished, is_broken = split_runs(unfinished, said[start:stop])
        assert not is_broken
        for records, is_alone in parts:
            waiting.put(records, is_alone=is_alone)
    assert len(unfinished) == 0
    batches = []
    while waiting.records:
        batch, is_alone = waiting.next_batch(records_max)
        flagged = (batch["flags"] & Flag.POSS_RESEND != 0) & (batch["kind"] != Kind.TEXT)
        assert len(batch)
        assert batch["kind"][0] != Kind.TEXT, "a torn run"
        assert is_alone == flagged.any()
        assert not is_alone or (batch["kind"] != Kind.TEXT).sum() == 1
        assert len(batch) <= max(records_max, 1 + int(batch["flags"][0] & 15))
        batches.append(batch)
    assert joined(batches)["position"].tolist() == said["position"].tolist()
