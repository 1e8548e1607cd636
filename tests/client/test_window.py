"""The window by arrays against the window one command at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evermarket.client.window import Window
from evermarket.records import HEADER, LAYOUT, Kind, Records, blank

ORDER = LAYOUT[Kind.NEW]
OUTCOME = {
    Kind.NEW: Kind.ACCEPTED,
    Kind.REDUCE: Kind.REDUCED,
    Kind.CANCEL: Kind.CANCELLED,
    Kind.QUOTE: Kind.QUOTED,
    Kind.MASS_CANCEL: Kind.MASS_CANCELLED,
}
KINDS = st.sampled_from(list(OUTCOME))
TOLD = st.sampled_from([*OUTCOME.values(), Kind.REJECTED, Kind.TRADED, Kind.PHASE_CHANGED])
EVENTS = st.lists(st.tuples(TOLD, st.integers(0, 9), st.integers(1, 2), KINDS), max_size=12)


def command(kind: Kind, cl_ord_id: int, order_no: int) -> Records:
    row = blank(kind)
    row["cl_ord_id"] = cl_ord_id
    if "order_no" in (row.dtype.names or ()):
        row["order_no"] = order_no
    return row.view(HEADER)


def event(kind: Kind, cl_ord_id: int, order_no: int, of: Kind) -> Records:
    row = blank(kind)
    names = row.dtype.names or ()
    for name, value in (("cl_ord_id", cl_ord_id), ("order_no", order_no), ("command", of)):
        if name in names:
            row[name] = value
    return row.view(HEADER)


def joined(rows: list[Records]) -> Records:
    return np.frombuffer(b"".join(row.tobytes() for row in rows), HEADER)


@given(
    st.lists(st.tuples(KINDS, st.integers(1, 2), st.integers(1, 2)), max_size=6),
    st.lists(EVENTS, min_size=1, max_size=4),
)
def test_the_first_event_that_answers_a_command_ends_it_and_no_other_does(
    given_commands: list[tuple[Kind, int, int]], batches: list[list[tuple[Kind, int, int, Kind]]]
) -> None:
    window, left, cl_ord_id = Window(), {}, 0
    for kind, step, order_no in given_commands:
        cl_ord_id += step
        window.add(command(kind, cl_ord_id, order_no))
        left[cl_ord_id] = kind
    for batch in batches:
        expected = []
        for told, of_id, _, of in batch:
            kind = left.get(of_id)
            fits = told is OUTCOME.get(kind) or (told is Kind.REJECTED and of is kind)
            expected.append(fits)
            if fits:
                del left[of_id]
        found = window.answer(joined([event(*facts) for facts in batch]))
        assert found.tolist() == expected
        assert len(window) == len(left)
        assert window.again().view(ORDER)["cl_ord_id"].tolist() == list(left)
