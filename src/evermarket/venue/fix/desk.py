"""One member line at the FIX door: its session, its gateway, its small journal, and the connection it has now.

Carries out what session and gateway ask for, in their order: an own message is kept before it is sent, a settled number
is kept after its message went on. Still without a socket: `send`, `close` and `wake` are given by the shell.
"""

from collections.abc import Callable
from typing import NamedTuple

from evermarket.records import Records
from evermarket.venue.fix.events import (
    Answered,
    Closing,
    Connected,
    Deliver,
    Disconnect,
    Disconnected,
    Done,
    Event,
    Keep,
    Send,
    State,
    Terms,
    Tick,
    Wake,
)
from evermarket.venue.fix.gateway import Gateway, Submit
from evermarket.venue.fix.kept import Kept
from evermarket.venue.fix.numbers import Flow, Numbers, Reset
from evermarket.venue.fix.session import Session


class Wires(NamedTuple):
    """How a desk reaches its connection."""

    send: Callable[[bytes], None]
    close: Callable[[str], None]
    wake: Callable[[int], None]


class Desk:
    """`gateway` is None for a drop copy, which takes no orders."""

    def __init__(
        self, terms: Terms, flow: Flow, kept: Kept, gateway: Gateway | None, submit: Callable[[Records], None]
    ) -> None:
        self.terms = terms
        self.session = Session(terms, Numbers(flow, kept.entries()))
        self._kept = kept
        self._gateway = gateway
        self._submit = submit
        self._wires: Wires | None = None

    def __repr__(self) -> str:
        return f"<Desk {self.session!r}>"

    @property
    def is_taken(self) -> bool:
        """Somebody is connected."""
        return self._wires is not None

    @property
    def is_full(self) -> bool:
        """Nothing more should be read for now."""
        return self._gateway is not None and self._gateway.is_full

    @property
    def is_off(self) -> bool:
        return self.session.state is State.OFF

    def connect(self, now: int, wires: Wires) -> None:
        self._wires = wires
        self.handle(Connected(now))

    def disconnect(self, now: int) -> None:
        self._wires = None
        self.handle(Disconnected(now))

    def close(self, now: int, text: str) -> None:
        self.handle(Closing(now, text))

    def grown(self, now: int) -> None:
        """The facts grew: what waited for them goes on, and the reports go out."""
        self._work(now)
        self.handle(Tick(now))

    def handle(self, event: Event) -> None:
        """One event, and what follows from it."""
        delivered = False
        for action in self.session.step(event):
            match action:
                case Keep(entry):
                    self._kept.append(entry)
                    if isinstance(entry, Reset) and self._gateway is not None:
                        self._gateway.forget_numbers()
                case Deliver() if self._gateway is not None:
                    self._gateway.take(action)
                    delivered = True
                case Deliver(number, message):
                    self._refuse(event.time, number, message.type)
                case Send(data) if self._wires is not None:
                    self._wires.send(data)
                case Disconnect(reason) if self._wires is not None:
                    self._wires.close(reason)
                case Wake(time) if self._wires is not None:
                    self._wires.wake(time)
                case _:
                    pass
        if delivered:
            self._work(event.time)

    def _work(self, now: int) -> None:
        if self._gateway is None:
            return
        for outcome in self._gateway.work(now):
            match outcome:
                case Submit(command):
                    self._submit(command)
                case Answered() | Done():
                    self.handle(outcome)

    def _refuse(self, now: int, number: int, kind: str) -> None:
        """A drop copy takes no orders: BusinessMessageReject, "not authorized"."""
        fields = ((45, str(number)), (372, kind), (380, "6"), (58, "a drop copy takes no requests"))
        self.handle(Answered(now, "j", fields))
        self.handle(Done(now, number))
