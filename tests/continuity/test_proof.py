"""What members were told against the journal: masks are allowed for, and nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.continuity.venue.proof import agree
from evermarket.records import HEADER, Records
from evermarket.records.session import FlowFlag
from tests.models.slow_flow import SlowFlow
from tests.venue.protocol.streams import LINES, Step, batches, steps

FLAGS_AT = 17


def told(journal: Records, line: int) -> Records:
    """A line's whole flow with the public one, as it is told."""
    flow = SlowFlow().fold(journal).told(line, wishes_public=True)
    return np.frombuffer(b"".join(flow.values()), HEADER)


@settings(max_examples=60)
@given(steps(), st.sampled_from(LINES), st.booleans())
def test_whatever_a_line_is_told_agrees_with_the_journal(all_steps: list[Step], line: int, is_repeat: bool) -> None:
    for journal in batches(all_steps, len(all_steps) or 1):
        flow = told(journal, line).view("V64").copy().view(HEADER)
        if is_repeat:
            flow["flags"] |= np.uint8(FlowFlag.REPEAT)
        assert agree(flow, journal).all()


@settings(max_examples=60)
@given(steps(), st.sampled_from(LINES), st.data())
def test_a_byte_that_is_not_the_journals_is_found(all_steps: list[Step], line: int, data: st.DataObject) -> None:
    for journal in batches(all_steps, len(all_steps) or 1):
        flow = told(journal, line)
        if not len(flow):
            continue
        raw = bytearray(flow.tobytes())
        row = data.draw(st.integers(0, len(flow) - 1))
        at = data.draw(st.integers(8, 63).filter(lambda n: n != FLAGS_AT))
        raw[64 * row + at] = raw[64 * row + at] % 255 + 1  # another one, and not zero, which may be a mask
        assert agree(np.frombuffer(raw, HEADER), journal).tolist() == [n != row for n in range(len(flow))]
