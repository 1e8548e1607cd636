"""What goes out of a session: own messages take their numbers, everything leaves in the order of its number, resends
before what is new (FIX 4.4 volume 2, "Resend request", "Sequence reset - gap fill").

Invariant: a number goes out for the first time once a connection; what was there before the connection began goes out
only when it is asked for. A run of session messages is filled over by one SequenceReset.
"""

from typing import Final

from evermarket.venue.fix.events import Keep, Send, Terms
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.numbers import Numbers, Own, Report, Reset
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import encode, joined

SEND_MAX: Final = 256
"""Messages that one step sends at most."""


class Outgoing:
    """The sending half of one session."""

    def __init__(self, terms: Terms, numbers: Numbers) -> None:
        self._terms = terms
        self._numbers = numbers
        self.cursor = 1  # next number to go out for the first time
        self._resend = (1, 0)  # numbers to go out again, first and last
        self.said = 0  # time of the last message

    @property
    def has_more(self) -> bool:
        """Something waits to go out."""
        return self._resend[0] <= self._resend[1] or self.cursor < self._numbers.next

    def begin(self) -> None:
        """A new connection: all that has a number counts as said."""
        self.cursor, self._resend = self._numbers.next, (1, 0)

    def reset(self) -> Keep:
        """Numbers begin again at 1; reports that were not sent yet go with the new ones."""
        entry = Reset(self._numbers.reports_before(self.cursor))
        self._numbers.take(entry)
        self.cursor, self._resend = 1, (1, 0)
        return Keep(entry)

    def say(self, now: int, kind: str, body: str) -> Keep:
        """An own message: it takes the next number, and goes out when its turn comes."""
        own = Own(self._numbers.next, Report(now, kind, body))
        self._numbers.take(own)
        return Keep(own)

    def ask_again(self, first: int, last: int) -> None:
        """Send these numbers again; together with what is being sent again already."""
        waiting = self._resend[0] <= self._resend[1]
        self._resend = (min(first, self._resend[0]), max(last, self._resend[1])) if waiting else (first, last)

    def pump(self, now: int) -> list[Send]:
        """The next messages that are due."""
        out: list[Send] = []
        while self._resend[0] <= self._resend[1] and len(out) < SEND_MAX:
            to, send = self._again(now, *self._resend)
            self._resend = (to, self._resend[1])
            out.append(send)
        end = min(self._numbers.next, self.cursor + SEND_MAX - len(out))
        out += [self._message(now, number, self._numbers.at(number)) for number in range(self.cursor, end)]
        self.cursor = max(self.cursor, end)
        if out:
            self.said = now
        return out

    def _again(self, now: int, number: int, last: int) -> tuple[int, Send]:
        """One message again, or one gap fill over a run of session messages; the number to go on with."""
        to = number
        while to <= last and self._numbers.is_filled_over(to):
            to += 1
        report = self._numbers.at(number)
        if to > number:
            report = Report(report.time, "4", joined(((Tag.NEW_SEQ_NO, str(to)), (Tag.GAP_FILL, "Y"))))
        return max(to, number + 1), self._message(now, number, report, is_again=True)

    def _message(self, now: int, number: int, report: Report, *, is_again: bool = False) -> Send:
        """34, 43, 49, 52, 56, 122 in this order, then the body."""
        again = "43=Y\x01" if is_again else ""
        first = f"122={time_text(min(report.time, now))}\x01" if is_again else ""
        ours, theirs = self._terms
        header = f"34={number}\x01{again}49={ours}\x0152={time_text(now)}\x0156={theirs}\x01{first}"
        return Send(encode(report.type, header + report.body))
