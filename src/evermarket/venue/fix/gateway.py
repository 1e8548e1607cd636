"""Between one session and the core: a window of what was sent and is not answered, and the answers at the door.

`work` gives what to do: commands for the sequencer, answers and settled numbers for the session. A request about an
order that is still under way waits, and all behind it waits too, so the order of the member's messages is kept.

Exactly once: a message that may be a repetition (PossDupFlag, PossResend) and whose ClOrdID is answered or under way is
passed over, for its outcome stands in the flow or will. Everything else is the core's to know (docs/format.md, 5.2).
Bounds: at most WINDOW_MAX commands are under way; `is_full` asks the shell to stop reading.
"""

from collections import deque
from typing import Final, NamedTuple

from evermarket.records import Records
from evermarket.venue.fix import orders
from evermarket.venue.fix.events import Answered, Deliver, Done
from evermarket.venue.fix.facts import ExecType, Executed, Facts, Order, OrdStatus
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.names import NONE, Names
from evermarket.venue.fix.orders import Refused, cl_ord_id
from evermarket.venue.fix.reports import render
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import Field, Message

WINDOW_MAX: Final = 1_000
QUEUE_MAX: Final = 1_000


class Submit(NamedTuple):
    """One command for the sequencer, which gives it its time and, if it is NEW, its order number."""

    command: Records


class Waiting(NamedTuple):
    """The message cannot be answered before an order that it speaks of is."""


Outcome = Records | Refused | Answered | Waiting | None


class Gateway:
    """One line's translation."""

    def __init__(self, line: int, names: Names, facts: Facts) -> None:
        self._line = line
        self._names = names
        self._facts = facts
        self._queue: deque[tuple[int, Message]] = deque()
        self._window: dict[int, tuple[int, Records]] = {}  # client order id -> (message number, command)
        self._last = 0  # number of the last message taken

    def __repr__(self) -> str:
        return f"<Gateway of line {self._line}, {len(self._queue)} waiting, {len(self._window)} under way>"

    @property
    def is_full(self) -> bool:
        return len(self._queue) >= QUEUE_MAX

    @property
    def under_way(self) -> list[Records]:
        """The commands that are sent and not answered, in their order: to be sent again to another core."""
        return [command for _, command in self._window.values()]

    def take(self, delivered: Deliver) -> None:
        """A message of the session; `work` deals with it."""
        self._queue.append((delivered.number, delivered.message))

    def forget_numbers(self) -> None:
        """The session's numbers began again: what is under way has no number any more."""
        self._window = {number: (0, command) for number, (_, command) in self._window.items()}
        self._queue = deque((0, message) for _, message in self._queue)
        self._last = 0

    def work(self, now: int) -> list[Submit | Answered | Done]:
        """What can be done now: after a delivery, and after the facts grew."""
        for answered in [n for n in self._window if (self._line, n) in self._facts.ids]:
            del self._window[answered]
        out: list[Submit | Answered | Done] = []
        while self._queue and len(self._window) < WINDOW_MAX:
            number, message = self._queue[0]
            outcome = self._outcome(message, now)
            if isinstance(outcome, Waiting):
                break
            self._queue.popleft()
            self._last = number or self._last
            match outcome:
                case None:
                    pass
                case Refused():
                    out.append(self._refusal(message, outcome, now, number))
                case Answered():
                    out.append(outcome)
                case command:
                    self._window[int(command[0]["cl_ord_id"])] = (number, command)
                    out.append(Submit(command))
        heads = [*self._window.values(), *([self._queue[0]] if self._queue else [])]
        waiting = [number for number, _ in heads if number]
        out.append(Done(now, min(waiting) - 1 if waiting else self._last))
        return out

    def _outcome(self, m: Message, now: int) -> Outcome:
        if m.type == "H":
            return self._status(m, now)
        number = cl_ord_id(m.get(Tag.CL_ORD_ID))
        repeated = m.says(Tag.POSS_DUP) or m.says(Tag.POSS_RESEND)
        if repeated and number is not None and (number in self._window or (self._line, number) in self._facts.ids):
            return None
        match m.type:
            case "D":
                return orders.new_order(m, self._line, self._names)
            case "q":
                return orders.mass_cancel(m, self._line, self._names)
            case _:
                return self._request(m)

    def _request(self, m: Message) -> Outcome:
        """OrderCancelRequest or OrderCancelReplaceRequest."""
        original = cl_ord_id(m.get(Tag.ORIG_CL_ORD_ID))
        if original in self._window:
            return Waiting()
        order = self._order(original, m)
        if order is None:
            return Refused(5, 1, f"no order of this line has ClOrdID {m.get(Tag.ORIG_CL_ORD_ID)}")
        translate = orders.cancel if m.type == "F" else orders.replace
        return translate(m, self._line, self._names, order)

    def _order(self, original: int | None, m: Message) -> Order | None:
        number = self._facts.ids.get((self._line, original or 0)) or m.number(Tag.ORDER_ID)
        order = self._facts.orders.get(number or 0)
        return order if order is not None and order.line == self._line else None

    def _status(self, m: Message, now: int) -> Outcome:
        """OrderStatusRequest (H): the order as the flow has it now."""
        asked = cl_ord_id(m.get(Tag.CL_ORD_ID))
        if asked in self._window:
            return Waiting()
        order = self._order(asked, m)
        if order is None:
            text = f"no order of this line has ClOrdID {m.get(Tag.CL_ORD_ID)}"
            return self._refused_order(m, Refused(5, 1, text), now, "0", ExecType.STATUS)
        report = render(Executed(now, "0", ExecType.STATUS, order), self._names)
        return Answered(now, report.type, report.fields)

    def _refusal(self, m: Message, why: Refused, now: int, number: int) -> Answered:
        """The answer to what was refused at the door, in the form that belongs to the request."""
        match m.type:
            case "D":
                return self._refused_order(m, why, now, f"DOOR-{now}-{number}", ExecType.REJECTED)
            case "q":
                kind = m.get(Tag.MASS_REQUEST_TYPE) or ""
                head = ((Tag.ORDER_ID, NONE), (Tag.MASS_REQUEST_TYPE, kind), (Tag.MASS_RESPONSE, "0"))
                reason = "1" if why.cancel_reason == 1 else "99"
                return self._answer("r", m, why, now, (*head, (Tag.MASS_REJECT_REASON, reason)))
            case _:
                original = cl_ord_id(m.get(Tag.ORIG_CL_ORD_ID))
                order = self._order(original, m)
                head = (
                    (Tag.ORDER_ID, str(order.no) if order else NONE),
                    (Tag.ORIG_CL_ORD_ID, m.get(Tag.ORIG_CL_ORD_ID) or NONE),
                    (Tag.ORD_STATUS, (order.status if order else OrdStatus.REJECTED).value),
                )
                tail = ((Tag.RESPONSE_TO, "1" if m.type == "F" else "2"), (Tag.CXL_REJ_REASON, str(why.cancel_reason)))
                return self._answer("9", m, why, now, (*head, *tail))

    def _refused_order(self, m: Message, why: Refused, now: int, exec_id: str, what: ExecType) -> Answered:
        copied = (
            (tag, m.get(tag)) for tag in (Tag.ACCOUNT, Tag.SYMBOL, Tag.SIDE, Tag.ORDER_QTY, Tag.ORD_TYPE, Tag.PRICE)
        )
        head = (
            *((Tag.ORDER_ID, NONE), (Tag.EXEC_ID, exec_id), (Tag.EXEC_TYPE, what.value)),
            (Tag.ORD_STATUS, OrdStatus.REJECTED.value),
            *((tag, value) for tag, value in copied if value is not None),
            *((Tag.LEAVES_QTY, "0"), (Tag.CUM_QTY, "0"), (Tag.AVG_PX, "0")),
            (Tag.ORD_REJ_REASON, str(why.order_reason)),
        )
        return self._answer("8", m, why, now, head)

    def _answer(self, kind: str, m: Message, why: Refused, now: int, fields: tuple[Field, ...]) -> Answered:
        tail: list[Field] = [(Tag.TRANSACT_TIME, time_text(now)), (Tag.TEXT, why.text)]
        if why.code:
            tail.append((Tag.REFUSAL, str(int(why.code))))
        return Answered(now, kind, ((Tag.CL_ORD_ID, m.get(Tag.CL_ORD_ID) or NONE), *fields, *tail))
