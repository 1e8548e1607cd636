"""The owner's door (protocol 7): log-on, order, repetition, report. The first arrival executes, once.

A connection is a stream: an order whose number is not the next one is not looked at. So an order is never taken before
one that its line sent earlier on the same connection, and G sends its whole window first on each new connection.
"""

from dataclasses import dataclass

from evermarket.venue.protocol.body import Body
from evermarket.venue.protocol.frames import Order, Outcome
from evermarket.venue.protocol.messages import Heartbeat, LoggedOn, LogOn, NeverReceived, Report, Submit


@dataclass(slots=True)
class Session:
    """Who speaks for a line now, and how much of the stream came."""

    gate: str
    connection: int
    received: int = 0


class Door:
    """Sessions of an owner; gone with its epoch, for G logs on again."""

    def __init__(self, body: Body, epoch: int) -> None:
        self.body = body
        self.epoch = epoch
        self.sessions: dict[int, Session] = {}
        self.taken: dict[int, int] = {}

    def log_on(self, gate: str, message: LogOn) -> None:
        """Answer with the highest id in the journal, then the released flow that the line does not have."""
        session = self.sessions.get(message.line)
        if session is not None and message.connection <= session.connection:
            return
        self.sessions[message.line] = Session(gate, message.connection)
        self.body.send(gate, LoggedOn(self.epoch, message.connection, self.body.lines.last_id(message.line)))
        for outcome in self.body.lines.flow(message.line, message.after_position, self.released_position()):
            self.report(outcome, is_repeat=True)

    def submit(self, message: Submit) -> Order | None:
        """The order, if it is new and the next of its stream; a repetition is answered here."""
        order = message.order
        session = self.sessions.get(order.line)
        if session is None or message.connection != session.connection or message.number != session.received + 1:
            return None
        session.received += 1
        if self.is_new(order):
            self.taken[order.line] = order.order_id
            return order
        self._answer_again(session, order)
        return None

    def is_new(self, order: Order) -> bool:
        """One comparison: an id only grows on its line."""
        return order.order_id > max(self.taken.get(order.line, 0), self.body.lines.last_id(order.line))

    def report(self, outcome: Outcome, *, is_repeat: bool) -> None:
        session = self.sessions.get(outcome.line)
        if session is not None:
            previous = self.body.lines.position_before(outcome.line, outcome.position)
            self.body.send(session.gate, Report(self.epoch, previous, outcome, is_repeat))

    def beat(self) -> None:
        for line, session in self.sessions.items():
            flow = self.body.lines.flow(line, 0, self.released_position())
            last = flow[-1].position if flow else 0
            self.body.send(session.gate, Heartbeat(self.epoch, session.connection, last, session.received))

    def released_position(self) -> int:
        """The last position that may be told."""
        return self.body.log.position_at(self.body.released)

    def _answer_again(self, session: Session, order: Order) -> None:
        """The first outcome if it is released; if it is not, it comes when it is."""
        outcome = self.body.lines.outcome(order.line, order.order_id)
        if outcome is not None:
            if outcome.position <= self.released_position():
                self.report(outcome, is_repeat=True)
        elif order.order_id <= self.body.lines.last_id(order.line):
            self.body.send(session.gate, NeverReceived(self.epoch, order.order_id))
