"""Sequence numbers as a view: what stands at outgoing number n is a function of two logs and of nothing else.

The **flow** is the session's reports in journal order; it is rebuilt from the journal by whoever needs it. **Kept** is
the small journal of what the journal does not know: the session's own messages with the numbers they took, how far the
member's messages are settled, and where a reset began. A report takes its number the moment it is in the flow, whether
anybody is connected or not:

    the own messages have the numbers they were given; the k-th report has the k-th number that is left.

An own message takes next = reports + own messages + 1, so it never lies before a report that was sent. Therefore two
gateways that have the same logs give every message the same number. A gateway that takes a session over must first have
all of the flow that any gateway before it has sent; what was sent was released, so it is there to be read.

Known gap: reports that were in the flow before a reset have no number any more.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

OWN_MAX: Final = 100_000
"""Own messages of one session and day: a heartbeat a second for a day; whoever asks for more is cut off."""

NOT_RESENT: Final = frozenset("01245A")
"""Session messages that are filled over instead of sent again: all but Reject (FIX 4.4 volume 2, "Resend request")."""


class Report(NamedTuple):
    """What goes out: its time, message type and body in the form of the wire, without the header."""

    time: int
    type: str
    body: str


class Flow(Protocol):
    """A session's reports in journal order; a plain list of reports is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Report: ...


class Own(NamedTuple):
    """Kept: an own message and the number it took."""

    number: int
    report: Report


class Settled(NamedTuple):
    """Kept: the member's messages before `expected` are done with and need not come again."""

    expected: int


class Reset(NamedTuple):
    """Kept: both numberings begin again; the flow's first `base` reports stay behind."""

    base: int


Entry = Own | Settled | Reset


class Numbers:
    """Both directions' numbers of one session. `expected` is the next one from the member."""

    def __init__(self, flow: Flow, kept: Iterable[Entry] = ()) -> None:
        self._flow = flow
        self._base = 0
        self._own: dict[int, Report] = {}
        self._taken: list[int] = []
        self.expected = 1
        for entry in kept:
            self.take(entry)

    @property
    def lacks_reports(self) -> bool:
        """Whether an own message has a number that the flow does not reach yet: wait until it is folded further."""
        return bool(self._taken) and self.next <= self._taken[-1]

    def __repr__(self) -> str:
        return f"<Numbers next out {self.next}, expected in {self.expected}, {len(self._taken)} own>"

    def take(self, entry: Entry) -> None:
        """Apply what was kept."""
        match entry:
            case Own(number, report):
                if self._taken and number <= self._taken[-1]:
                    raise ValueError(f"own message {number} after {self._taken[-1]}: the kept log is out of order")
                self._taken.append(number)
                self._own[number] = report
            case Settled(expected):
                self.expected = expected
            case Reset(base):
                self._base, self.expected = base, 1
                self._own.clear()
                self._taken.clear()

    @property
    def next(self) -> int:
        """The number that the next own message takes."""
        return len(self._flow) - self._base + len(self._taken) + 1

    def reports_before(self, number: int) -> int:
        """How many of the flow's reports stand before a number, those of before a reset too."""
        return self._base + number - bisect_left(self._taken, number) - 1

    @property
    def is_full(self) -> bool:
        return len(self._taken) >= OWN_MAX

    def at(self, number: int) -> Report:
        """What stands at a number below `next`."""
        own = self._own.get(number)
        if own is not None:
            return own
        return self._flow[self.reports_before(number)]

    def is_filled_over(self, number: int) -> bool:
        """Whether a resend passes over this number."""
        own = self._own.get(number)
        return own is not None and own.type in NOT_RESENT
