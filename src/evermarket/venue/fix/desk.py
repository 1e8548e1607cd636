"""One member line at the FIX door: its session, its gateway, its small journal, and the connection it has now.

Carries out what session and gateway ask for, one call at a time: own messages are kept and synced before anything is
sent, a settled number is kept after the commands before it went on. Still without a socket: `send`, `close` and `wake`
are given by the shell.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from evermarket.venue.fix.events import (
    Action,
    Answered,
    Arrived,
    Closing,
    Connected,
    Deliver,
    Disconnect,
    Disconnected,
    Done,
    Event,
    Held,
    Keep,
    Send,
    Terms,
    Tick,
    Wake,
)
from evermarket.venue.fix.gateway import Gateway, Submit
from evermarket.venue.fix.kept import Kept
from evermarket.venue.fix.numbers import Flow, Numbers, Reset, Settled
from evermarket.venue.fix.orders import Command
from evermarket.venue.fix.session import Session
from evermarket.venue.fix.wire import Message, joined


class Wires(NamedTuple):
    """How a desk reaches its connection."""

    send: Callable[[bytes], None]
    close: Callable[[str], None]
    wake: Callable[[int], None]


class Desk:
    """`gateway` is None for a drop copy, which takes no orders. `submit` gets commands in the order they were sent."""

    def __init__(
        self,
        terms: Terms,
        flow: Flow,
        kept: Kept,
        gateway: Gateway | None = None,
        submit: Callable[[list[Command]], None] = lambda commands: None,
    ) -> None:
        self.terms = terms
        self._numbers = Numbers(flow, kept.entries())
        self.session = Session(terms, self._numbers)
        self._flow = flow
        self._seen = 0  # reports of the flow that the session was told of
        self._kept = kept
        self._gateway = gateway
        self._submit = submit
        self._wires: Wires | None = None
        self._bytes: list[bytes] = []
        self._commands: list[Command] = []
        self._settled: Settled | None = None
        self._wake: int | None = None
        self._goodbye: str | None = None

    def __repr__(self) -> str:
        return f"<Desk {self.session!r}>"

    @property
    def is_ready(self) -> bool:
        """Nobody is connected, and the flow reaches as far as its numbers."""
        return self._wires is None and not self._numbers.lacks_reports

    @property
    def is_full(self) -> bool:
        """Nothing more should be read for now."""
        return self._gateway is not None and self._gateway.is_full

    @property
    def has_news(self) -> bool:
        """The flow grew since `grown` was called."""
        return len(self._flow) != self._seen

    @property
    def under_way(self) -> list[Command]:
        return self._gateway.under_way if self._gateway is not None else []

    def connect(self, now: int, wires: Wires) -> None:
        self._wires = wires
        self._handle(Connected(now))

    def disconnect(self, now: int) -> None:
        self._wires = None
        self._handle(Disconnected(now))

    def close(self, now: int, text: str) -> None:
        self._handle(Closing(now, text))

    def tick(self, now: int) -> None:
        """The time that was asked for has come."""
        if self.is_full:
            self._handle(Held(now))
        self._handle(Tick(now))

    def arrive(self, now: int, messages: Sequence[Message]) -> None:
        """Messages of one read."""
        self._carry_out(now, self.session.step(Arrived(now, messages)))
        self._work(now)
        self._flush()

    def never_received(self, now: int, cl_ord_id: int) -> None:
        """A command that was sent will never be executed."""
        for answer in self._gateway.never_received(cl_ord_id, now) if self._gateway is not None else []:
            self._carry_out(now, self.session.step(answer))
        self.work(now)

    def work(self, now: int) -> None:
        """The facts grew, but the member takes no more for now: what waited for the facts goes on."""
        self._work(now)
        self._flush()

    def grown(self, now: int) -> None:
        """The facts grew: what waited for them goes on, and the reports go out."""
        self._seen = len(self._flow)
        self._work(now)
        self._handle(Tick(now))

    def _handle(self, event: Event) -> None:
        self._carry_out(event.time, self.session.step(event))
        self._flush()

    def _carry_out(self, now: int, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(data):
                    self._bytes.append(data)
                case Keep(Settled() as settled):
                    self._settled = settled
                case Deliver(number, message) if self._gateway is None:
                    self._refuse(now, number, message.type)
                case Deliver() if self._gateway is not None:
                    self._gateway.take(action)
                case Keep(entry):
                    self._kept.append(entry)
                    if isinstance(entry, Reset) and self._gateway is not None:
                        self._gateway.forget_numbers()
                case Wake(time):
                    self._wake = time
                case Disconnect(reason):
                    self._goodbye = reason
                case _:
                    pass

    def _work(self, now: int) -> None:
        if self._gateway is None:
            return
        for outcome in self._gateway.work(now):
            if isinstance(outcome, Submit):
                self._commands.append(outcome.command)
            else:
                self._carry_out(now, self.session.step(outcome))

    def _flush(self) -> None:
        """What was asked for, in the order that loses nothing: keep, submit, settle, send, close."""
        self._kept.sync()
        if self._commands:
            commands, self._commands = self._commands, []
            self._submit(commands)
        if self._settled is not None:
            self._kept.append(self._settled)
            self._settled = None
        sent, wake, goodbye = self._bytes, self._wake, self._goodbye
        self._bytes, self._wake, self._goodbye = [], None, None
        if self._wires is None:
            return
        if sent:
            self._wires.send(b"".join(sent))
        if goodbye is not None:
            self._wires.close(goodbye)
        elif wake is not None:
            self._wires.wake(wake)

    def _refuse(self, now: int, number: int, kind: str) -> None:
        """A drop copy takes no orders: BusinessMessageReject, "not authorized"."""
        body = joined(((45, str(number)), (58, "a drop copy takes no requests"), (372, kind), (380, "6")))
        self._carry_out(now, self.session.step(Answered(now, "j", body)))
        self._carry_out(now, self.session.step(Done(now, number)))
