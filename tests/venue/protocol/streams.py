"""Streams of commands and events for the tests of door and flow: every kind that concerns a line, with small numbers.

They need not be what a core would answer, only what docs/format.md allows to stand in a journal.
"""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.kinds import Flag

LINES = (1, 2, 3)
COMMANDS = (
    *(Kind.NEW, Kind.NEW, Kind.REDUCE, Kind.CANCEL, Kind.QUOTE, Kind.MASS_CANCEL, Kind.QUOTE_REQUEST),
    *(Kind.OFF_BOOK_TRADE, Kind.VOID_TRADE, Kind.PHASE, Kind.ANNOUNCE, Kind.REF_LINE),
)
EVENTS = tuple(kind for kind in Kind if Kind.ACCEPTED <= kind <= Kind.STATISTICS)

Step = tuple[Kind, int, int, list[tuple[Kind, int, int, bool]]]
"""Command kind, line, step of its id, events: kind, a line, a number, whether it carries the command's id."""


def steps() -> st.SearchStrategy[list[Step]]:
    event = st.tuples(st.sampled_from(EVENTS), st.integers(0, 3), st.integers(0, 9), st.booleans())
    events = st.lists(event, min_size=1, max_size=5)
    return st.lists(st.tuples(st.sampled_from(COMMANDS), st.integers(0, 3), st.integers(1, 3), events), max_size=25)


@dataclass
class Builder:
    """Turns steps into whole batches, one array each."""

    position: int = 0
    order_no: int = 0
    ids: dict[int, int] = field(default_factory=dict)
    accepted: list[int] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)

    def batch(self, steps: list[Step]) -> Records:
        self.rows = []
        for kind, line, id_step, events in steps:
            self.command(kind, line, id_step, events)
        return np.frombuffer(bytearray(b"".join(self.rows)), HEADER)

    def command(self, kind: Kind, line: int, id_step: int, events: list[tuple[Kind, int, int, bool]]) -> None:
        record = np.zeros(1, LAYOUT[kind])
        is_member = kind <= Kind.VOID_TRADE
        cl_ord_id = 0
        if is_member:
            cl_ord_id = self.ids[line] = self.ids.get(line, 0) + id_step if line else 0
            record["cl_ord_id"], record["line"] = cl_ord_id, line
        numbers = {Kind.NEW: 1, Kind.QUOTE: 2}.get(kind, 0)
        if numbers:
            record["order_no"] = self.order_no + 1
            self.order_no += numbers
        self.given = list(range(self.order_no - numbers + 1, self.order_no + 1))
        texts = id_step if kind == Kind.ANNOUNCE else 0
        record["flags"] = texts or (Flag.POSS_RESEND if id_step == 3 else 0)
        self.put(record, kind)
        for _ in range(texts):
            self.put(np.zeros(1, LAYOUT[Kind.TEXT]), Kind.TEXT)
        for event in events[:1] if kind == Kind.ANNOUNCE else events:  # refused or announced, not both
            self.event(event, cl_ord_id)
        if is_member:  # a command has an event, and the first that its line is told is the outcome
            self.event((Kind.REJECTED, line, 0, True), cl_ord_id)

    def event(self, event: tuple[Kind, int, int, bool], cl_ord_id: int) -> None:
        kind, line, number, is_asked = event
        record = np.frombuffer(np.random.default_rng(number).bytes(64), LAYOUT[kind]).copy()
        names = LAYOUT[kind].names or ()
        values = {"line": line, "cl_ord_id": cl_ord_id if is_asked else number, "buy_line": number % 4}
        values |= {"sell_line": (number + line) % 4, "flags": number % 4}
        values |= {"buy_no": self.some_order(number), "sell_no": self.some_order(number + line)}
        values["order_no"] = self.some_order(number)
        if kind == Kind.ACCEPTED:
            if not self.given:
                return
            self.accepted.append(self.given.pop(0))
            values["order_no"] = self.accepted[-1]
        for name in values.keys() & set(names):
            record[name] = values[name]
        self.put(record, kind)

    def some_order(self, number: int) -> int:
        """One that was accepted, or none."""
        return self.accepted[number % len(self.accepted)] if self.accepted and number % 4 else 0

    def put(self, record: Records, kind: Kind) -> None:
        self.position += 1
        record["position"], record["kind"], record["time"] = self.position, kind, self.position
        self.rows.append(record.tobytes())


def batches(all_steps: list[Step], size: int) -> list[Records]:
    """The same steps in batches of so many commands."""
    builder = Builder()
    return [builder.batch(all_steps[at : at + size]) for at in range(0, len(all_steps), size)]
