"""Between one session and the core: a window of what was sent and is not answered, and the answers at the door.

`work` gives what to do: commands for the sequencer, answers and settled numbers for the session. A request about an
order that is still under way waits, and all behind it waits too, so the order of the member's messages is kept.

Exactly once: a client order id only grows on its line (docs/format.md, 5.2). One that does not grow is answered here,
because the owner of the market answers a repetition with the first outcome and nothing new: a message that says that
it may be a repetition (PossDupFlag, PossResend) is passed over if its outcome stands in the flow or is under way, any
other is refused. A message that was refused at the door has used up no id.
Bounds: at most WINDOW_MAX commands are under way; `is_full` asks the shell to stop reading.
"""

from collections import deque
from typing import Final, NamedTuple

from evermarket.records import Code, sentence
from evermarket.venue.fix import orders
from evermarket.venue.fix.answers import refusal, refused_order, status_report
from evermarket.venue.fix.events import Answered, Deliver, Done
from evermarket.venue.fix.facts import ExecType, Fact, Order, answered_id
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.fold import Facts
from evermarket.venue.fix.names import Names
from evermarket.venue.fix.orders import Command, Refused, cl_ord_id
from evermarket.venue.fix.wire import Message

WINDOW_MAX: Final = 1_000
QUEUE_MAX: Final = 1_000


class Submit(NamedTuple):
    """One command for the sequencer, which gives it its time and, if it is NEW, its order number."""

    command: Command


class UnderWay(NamedTuple):
    """What was sent and is not answered; `number` is the message's, 0 if its session began again since."""

    number: int
    message: Message
    command: Command


class Waiting(NamedTuple):
    """The message cannot be answered before an order that it speaks of is."""


_WAITING: Final = Waiting()
Outcome = Command | Refused | Answered | Waiting | None


class Gateway:
    """One line's translation. Every fact of the line goes to `told`."""

    def __init__(self, line: int, names: Names, facts: Facts) -> None:
        self._line = line
        self._names = names
        self._facts = facts
        self._queue: deque[tuple[int, Message]] = deque()
        self._window: dict[int, UnderWay] = {}  # by client order id
        self._last = 0  # number of the last message taken
        facts.tell(line, self.told)

    def __repr__(self) -> str:
        return f"<Gateway of line {self._line}, {len(self._queue)} waiting, {len(self._window)} under way>"

    @property
    def is_full(self) -> bool:
        return len(self._queue) >= QUEUE_MAX

    @property
    def under_way(self) -> list[Command]:
        """The commands that are sent and not answered, in their order: to be sent again to another core."""
        return [sent.command for sent in self._window.values()]

    def take(self, delivered: Deliver) -> None:
        """A message of the session; `work` deals with it."""
        self._queue.append((delivered.number, delivered.message))

    def told(self, fact: Fact) -> None:
        """A fact of the line; what it answers is under way no more."""
        self._window.pop(answered_id(fact), None)

    def never_received(self, asked: int, now: int) -> list[Answered]:
        """The owner of the market passed over an id: it was not executed and never will be (docs/sessions.md)."""
        sent = self._window.pop(asked, None)
        if sent is None:
            return []
        why = Refused(99, 99, f"ClOrdID {asked} never reached the market and was not executed")
        return [refusal(sent.message, why, now, sent.number, self._original(sent.message))]

    def forget_numbers(self) -> None:
        """The session's numbers began again: what is under way has no number any more."""
        self._window = {asked: sent._replace(number=0) for asked, sent in self._window.items()}
        self._queue = deque((0, message) for _, message in self._queue)
        self._last = 0

    def work(self, now: int) -> list[Submit | Answered | Done]:
        """What can be done now: after deliveries, and after the facts grew."""
        out: list[Submit | Answered | Done] = []
        while self._queue and len(self._window) < WINDOW_MAX:
            number, message = self._queue[0]
            outcome = self._outcome(message, now)
            if outcome is _WAITING:
                break
            self._queue.popleft()
            self._last = number or self._last
            if isinstance(outcome, bytes):
                self._window[int(message.values[Tag.CL_ORD_ID])] = UnderWay(number, message, outcome)
                out.append(Submit(outcome))
            elif isinstance(outcome, Refused):
                out.append(refusal(message, outcome, now, number, self._original(message)))
            elif isinstance(outcome, Answered):
                out.append(outcome)
        out.append(Done(now, self._done()))
        return out

    def _done(self) -> int:
        """The messages up to this number are answered for good."""
        under_way = next((sent.number for sent in self._window.values() if sent.number), 0)
        queued = self._queue[0][0] if self._queue else 0
        waiting = [number for number in (under_way, queued) if number]
        return min(waiting) - 1 if waiting else self._last

    def _outcome(self, m: Message, now: int) -> Outcome:
        if m.type == "H":
            return self._status(m, now)
        number = cl_ord_id(m.values.get(Tag.CL_ORD_ID))
        if number is None:
            return orders.bad_id(m)
        if number <= self._last_id():
            return self._repetition(m, number)
        match m.type:
            case "D":
                return orders.new_order(m, number, self._line, self._names)
            case "q":
                return orders.mass_cancel(m, number, self._line, self._names)
            case _:
                return self._request(m, number)

    def _last_id(self) -> int:
        """The highest client order id that is answered or under way. Only growing ones come into the window."""
        under_way = next(reversed(self._window), 0)
        return max(under_way, self._facts.last_ids[self._line])

    def _repetition(self, m: Message, number: int) -> Refused | None:
        is_known = number in self._window or number in self._facts.ids[self._line]
        if is_known and (m.says(Tag.POSS_DUP) or m.says(Tag.POSS_RESEND)):
            return None
        text = sentence(Code.DUPLICATE_CL_ORD_ID, number, self._last_id())
        return Refused(6, 6, text, Code.DUPLICATE_CL_ORD_ID)

    def _request(self, m: Message, number: int) -> Outcome:
        """OrderCancelRequest or OrderCancelReplaceRequest."""
        if cl_ord_id(m.get(Tag.ORIG_CL_ORD_ID)) in self._window:
            return _WAITING
        order = self._original(m)
        if order is None:
            return Refused(5, 1, f"no order of this line has ClOrdID {m.get(Tag.ORIG_CL_ORD_ID)}")
        translate = orders.cancel if m.type == "F" else orders.replace
        return translate(m, number, self._line, self._names, order)

    def _original(self, m: Message) -> Order | None:
        """The order that a message is about: by OrigClOrdID (a status request: ClOrdID), else by OrderID."""
        tag = Tag.CL_ORD_ID if m.type == "H" else Tag.ORIG_CL_ORD_ID
        named = self._facts.ids[self._line].get(cl_ord_id(m.get(tag)) or 0)
        order = self._facts.orders.get(named or m.number(Tag.ORDER_ID) or 0)
        return order if order is not None and order.line == self._line else None

    def _status(self, m: Message, now: int) -> Outcome:
        """OrderStatusRequest (H): the order as the flow has it now."""
        if cl_ord_id(m.get(Tag.CL_ORD_ID)) in self._window:
            return _WAITING
        order = self._original(m)
        if order is None:
            unknown = Refused(5, 1, f"no order of this line has ClOrdID {m.get(Tag.CL_ORD_ID)}")
            return refused_order(m, unknown, now, "0", ExecType.STATUS)
        return status_report(order, now, self._names)
