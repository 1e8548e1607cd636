"""What a line is told, the slow and obvious way: docs/sessions.md, "The flow of a line", sentence by sentence.

One record at a time, fields by name. The product's fold is `venue/protocol/flow.py` and its kernels.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from evermarket.records import LAYOUT, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.session import FlowFlag

MEMBERS_COMMANDS = range(Kind.NEW, Kind.VOID_TRADE + 1)
WITH_LINE = (*range(Kind.ACCEPTED, Kind.CONVERTED + 1), *range(Kind.OFF_BOOK_TRADED, Kind.MASS_CANCELLED + 1))
PUBLIC = (
    *(Kind.QUOTE_REQUESTED, Kind.PHASE_CHANGED, Kind.AUCTIONED, Kind.STABILISATION_STARTED),
    *(Kind.STABILISATION_ENDED, Kind.HALTED, Kind.RESUMED, Kind.ANNOUNCED, Kind.CLOSED),
)


@dataclass
class SlowFlow:
    """Copies as they are told, without REPEAT: by line the own flow, and the public one, each {position: 64 bytes}."""

    own: dict[int, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    public: dict[int, bytes] = field(default_factory=dict)
    line_of_order: dict[int, int] = field(default_factory=dict)
    ids: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    command: Records | None = None
    texts: list[Records] = field(default_factory=list)

    def fold(self, records: Records) -> "SlowFlow":
        whole = records.view(f"V{RECORD_BYTES}")
        for i in range(len(records)):
            kind = int(records["kind"][i])
            self.record(whole[i : i + 1].copy().view(LAYOUT[Kind(kind)]), kind)
        return self

    def told(self, line: int, *, wishes_public: bool) -> dict[int, bytes]:
        """Everything a line is told, by position; what is in both flows comes as its own."""
        both = {**self.public, **self.own[line]} if wishes_public else dict(self.own[line])
        return dict(sorted(both.items()))

    def record(self, record: Records, kind: int) -> None:
        if kind == Kind.TEXT:
            self.texts.append(record)
        elif kind < FIRST_EVENT:
            self.command, self.texts = record, []
            if kind in MEMBERS_COMMANDS and record["line"][0]:
                self.ids[int(record["line"][0])].setdefault(int(record["cl_ord_id"][0]), int(record["position"][0]))
        else:
            self.event(record, kind)

    def event(self, record: Records, kind: int) -> None:
        position = int(record["position"][0])
        if kind == Kind.ACCEPTED:
            self.line_of_order[int(record["order_no"][0])] = int(record["line"][0])
        for line in self.lines(record, kind):
            self.own[line][position] = self.masked(record, kind, line).tobytes()
        if kind == Kind.ANNOUNCED:
            for text in self.texts:
                self.public[int(text["position"][0])] = self.made_public(text, Kind.TEXT).tobytes()
        if kind in PUBLIC:
            self.public[position] = self.made_public(record, kind).tobytes()

    def lines(self, record: Records, kind: int) -> set[int]:
        """Whom an event concerns."""
        lines = set()
        if kind in WITH_LINE:
            lines.add(int(record["line"][0]))
            asker = self.asker()
            if asker and asker[1] == int(record["cl_ord_id"][0]):
                lines.add(asker[0])
        if kind == Kind.OFF_BOOK_TRADED:
            lines |= {int(record["buy_line"][0]), int(record["sell_line"][0])} - {0}
        if kind in (Kind.TRADED, Kind.TRADE_VOIDED):
            lines |= {self.line_of_order.get(int(record[name][0]), 0) for name in ("buy_no", "sell_no")} - {0}
        return lines

    def asker(self) -> tuple[int, int] | None:
        """Line and id of the member's command that is being worked."""
        command = self.command
        if command is None or int(command["kind"][0]) not in MEMBERS_COMMANDS or not command["line"][0]:
            return None
        return int(command["line"][0]), int(command["cl_ord_id"][0])

    def masked(self, record: Records, kind: int, line: int) -> Records:
        copy = whole_copy(record)
        asker = self.asker()
        if kind in WITH_LINE and line != (asker[0] if asker else 0):
            copy["cl_ord_id"] = 0
        if kind in (Kind.TRADED, Kind.TRADE_VOIDED):
            sides = {side: self.line_of_order.get(int(record[f"{side}_no"][0])) == line for side in ("buy", "sell")}
            names = ("no", "leaves", "cum") if kind == Kind.TRADED else ("no",)
        elif kind == Kind.OFF_BOOK_TRADED and int(record["line"][0]) != line:
            sides = {side: int(record[f"{side}_line"][0]) == line for side in ("buy", "sell")}
            names = ("line", "account", "open_close")
        else:
            return copy
        if sum(sides.values()) == 1:
            for side, is_own in sides.items():
                for name in () if is_own else names:
                    copy[f"{side}_{name}"] = 0
        return copy

    def made_public(self, record: Records, kind: int) -> Records:
        copy = whole_copy(record)
        copy["flags"] = FlowFlag.PUBLIC
        if kind == Kind.QUOTE_REQUESTED:
            copy["cl_ord_id"], copy["account"], copy["line"] = 0, 0, 0
        elif kind == Kind.STABILISATION_STARTED:
            copy["order_no"] = 0
        return copy


def whole_copy(record: Records) -> Records:
    """All 64 bytes, seen the same way."""
    return np.frombuffer(record.tobytes(), f"V{RECORD_BYTES}").copy().view(record.dtype)
