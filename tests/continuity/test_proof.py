"""What members were told against the journal: masks are allowed for, and nothing else."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evermarket.continuity.venue.proof import agree, first_told_behind, silence_between
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


def test_the_silence_ends_with_the_new_owners_word(tmp_path: Path) -> None:
    """The old core's last words are heard after its end, and the new one first tells again what the old one did."""
    told = [(10, 1, [1, 2]), (12, 2, [3]), (14, 1, [4]), (40, 2, [5]), (45, 1, [6, 7]), (99, 2, [8])]
    for line in (1, 2):
        flow = np.zeros(sum(len(positions) for _, n, positions in told if n == line), HEADER)
        flow["position"] = [position for _, n, positions in told if n == line for position in positions]
        (tmp_path / f"flow-{line}.bin").write_bytes(flow.tobytes())
    rows = np.array([(at, line, len(positions)) for at, line, positions in told], np.int64)
    (tmp_path / "told.bin").write_bytes(rows.tobytes())
    assert first_told_behind(tmp_path, 5) == 45
    assert first_told_behind(tmp_path, 8) == first_told_behind(tmp_path, 0) == 0
    assert silence_between(tmp_path / "told.bin", 11, 45) == (26, 14, 40)
    assert silence_between(tmp_path / "told.bin", 0, 0) == (54, 45, 99)
