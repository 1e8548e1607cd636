"""G: who holds a line's open orders towards a core (protocol 7). It never decides and never invents an answer.

Invariants: what comes with an epoch below the highest seen is dropped; the flow has no gap and no repeat; an order
stays in the window until its outcome came; a new connection carries the whole window first, flagged, in order.
"""

from evermarket.venue.protocol.actions import Action, Deliver, Send, SetTimer
from evermarket.venue.protocol.events import Beat, GateEvent, Ordered, Received
from evermarket.venue.protocol.frames import Order
from evermarket.venue.protocol.messages import (
    Fenced,
    Heartbeat,
    LoggedOn,
    LogOn,
    NeverReceived,
    Report,
    Submit,
)
from evermarket.venue.protocol.seat import SEAT, ReadSeat, SeatAnswer


class Gate:
    """One line. `silent_beats_max` missed beats of the owner send it back to the seat."""

    def __init__(self, line: int, beat_ms: int = 50, silent_beats_max: int = 3) -> None:
        self.line = line
        self.beat_ms = beat_ms
        self.silent_beats_max = silent_beats_max
        self.epoch = 0
        self.owner = ""
        self.connection = 0
        self.is_logged_on = False
        self.last_id = 0
        self.last_position = 0
        self.window: dict[int, bytes] = {}
        self._number = 0
        self._silent_beats = 0
        self._due_position = 0
        self._due_number = 0
        self._actions: list[Action] = []

    def start(self) -> list[Action]:
        self._do(SetTimer(self.beat_ms))
        self._find_owner()
        return self._take_actions()

    def step(self, event: GateEvent) -> list[Action]:
        if isinstance(event, Ordered):
            self._order(event.payload)
        elif isinstance(event, Beat):
            self._beat()
        else:
            self._received(event)
        return self._take_actions()

    # --- events ---------------------------------------------------------------------------------------------------

    def _order(self, payload: bytes) -> None:
        self.last_id += 1
        self.window[self.last_id] = payload
        if self.is_logged_on:
            self._submit(self.last_id, is_resend=False)

    def _beat(self) -> None:
        self._silent_beats += 1
        if self._silent_beats >= self.silent_beats_max:
            self._find_owner()
        self._do(SetTimer(self.beat_ms))

    def _received(self, event: Received) -> None:
        message = event.message
        if isinstance(message, SeatAnswer):
            self._seat_answer(message)
        elif isinstance(message, Fenced):
            if event.sender == self.owner:
                self._find_owner()
        elif isinstance(message, Report | LoggedOn | Heartbeat | NeverReceived) and self.is_current(message.epoch):
            self.epoch = message.epoch
            if isinstance(message, Report):
                self._report(message)
            elif isinstance(message, NeverReceived):
                self._never_received(message)
            elif message.connection == self.connection:
                self._silent_beats = 0
                if isinstance(message, LoggedOn):
                    self._logged_on()
                else:
                    self._heartbeat(message)

    def is_current(self, epoch: int) -> bool:
        """The epoch filter: an old owner is not listened to."""
        return epoch >= self.epoch

    # --- connecting -----------------------------------------------------------------------------------------------

    def _find_owner(self) -> None:
        self.is_logged_on = False
        self.owner = ""
        self._silent_beats = 0
        self._do(Send(SEAT, ReadSeat()))

    def _seat_answer(self, answer: SeatAnswer) -> None:
        if self.owner or answer.seat is None or not self.is_current(answer.seat.epoch):
            return
        self.epoch, self.owner = answer.seat.epoch, answer.seat.owner
        self._log_on()

    def _log_on(self) -> None:
        self.is_logged_on = False
        self.connection += 1
        self._number = self._due_number = self._due_position = 0
        self._send(LogOn(self.line, self.connection, self.last_position))

    def _logged_on(self) -> None:
        if not self.is_logged_on:
            self.is_logged_on = True
            self.resend()

    def resend(self) -> None:
        """The whole window, flagged: what became of it is not known."""
        for order_id in self.window:
            self._submit(order_id, is_resend=True)

    # --- the flow -------------------------------------------------------------------------------------------------

    def _report(self, message: Report) -> None:
        outcome = message.outcome
        if outcome.position <= self.last_position or message.previous != self.last_position:
            return
        self.last_position = outcome.position
        self.window.pop(outcome.order_id, None)
        self._do(Deliver(message))

    def _never_received(self, message: NeverReceived) -> None:
        if self.window.pop(message.order_id, None) is not None:
            self._do(Deliver(message))

    def _heartbeat(self, message: Heartbeat) -> None:
        """What was due at the last heartbeat and is not here by now was lost: connect again."""
        if self.last_position < self._due_position or message.received < self._due_number:
            self._log_on()
        elif self.is_logged_on:
            self._due_position, self._due_number = message.last_position, self._number

    # --- inside -------------------------------------------------------------------------------------------------

    def _submit(self, order_id: int, *, is_resend: bool) -> None:
        self._number += 1
        order = Order(self.line, order_id, self.window[order_id], is_resend)
        self._send(Submit(self.connection, self._number, order))

    def _send(self, message: LogOn | Submit) -> None:
        self._do(Send(self.owner, message))

    def _do(self, action: Action) -> None:
        self._actions.append(action)

    def _take_actions(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
