"""A gateway without sockets, and a member that keeps its own numbers, both under the exchange's clock.

exchange = Exchange()
gate = Gate(exchange)
member = Client("ALFA").log_on(gate)
report = member.ask("D", order(1, side="1", price="100", qty=1000))[0]
"""

from typing import Any

import numpy as np

from evermarket.records import HEADER, Records
from evermarket.venue.fix.desk import Desk, Wires
from evermarket.venue.fix.events import Terms
from evermarket.venue.fix.fold import Facts
from evermarket.venue.fix.gateway import Gateway
from evermarket.venue.fix.kept import Kept, KeptList
from evermarket.venue.fix.names import Names
from evermarket.venue.fix.orders import Command
from evermarket.venue.fix.reports import PrivateFlow
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import Field, Framer, Message, encode, joined
from tests.venue.fix.exchange import Exchange

LINES = {"ALFA": 1, "BETA": 2, "GAMA": 3}
ACCOUNTS = {"1234567": 1_234_567, "7654321": 7_654_321}
OURS = "EVER"


class Gate:
    """All members' desks and a drop copy of lines 1 and 2. `kept`: the small journals, which outlive a gateway."""

    def __init__(self, exchange: Exchange, kept: dict[str, Any] | None = None) -> None:
        self.exchange = exchange
        self.kept: dict[str, Kept] = kept if kept is not None else {}
        self.names = Names(ACCOUNTS)
        self.facts = Facts()
        self.holds_commands = False
        self._folded = 0
        self.gateways: dict[str, Gateway] = {}
        self.flows = {name: PrivateFlow(self.names, (line,)) for name, line in LINES.items()}
        self.flows["COPY"] = PrivateFlow(self.names, (1, 2), is_copy=True)
        for name, line in LINES.items():
            self.facts.tell(line, self.flows[name].add)
            self.gateways[name] = Gateway(line, self.names, self.facts)
        for line in (1, 2):
            self.facts.tell(line, self.flows["COPY"].add)
        self.fold()
        self.desks = {name: self._desk(name) for name in self.flows}

    def _desk(self, name: str) -> Desk:
        kept = self.kept.setdefault(name, KeptList())
        return Desk(Terms(OURS, name), self.flows[name], kept, self.gateways.get(name), self._submit)

    def _submit(self, commands: list[Command]) -> None:
        if not self.holds_commands:
            self.exchange.submit(np.frombuffer(b"".join(commands), HEADER))

    def fold(self) -> None:
        """What is released since."""
        for records in self.exchange.released[self._folded :]:
            self._fold_one(records)
        self._folded = len(self.exchange.released)

    def _fold_one(self, records: Records) -> None:
        self.names.fold(records)
        self.facts.fold(records)

    def pump(self) -> None:
        """Until nothing moves any more."""
        is_moving = True
        while is_moving:
            is_moving = self.exchange.work()
            self.fold()
            for desk in self.desks.values():
                if desk.has_news:
                    desk.grown(self.exchange.now)
                    is_moving = True


class Client:
    """One member: its own numbers, what it sent, and what it got, by number."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.next = 1
        self.expected = 1
        self.sent: dict[int, tuple[str, list[Field], int]] = {}
        self.got: dict[int, Message] = {}
        self.raw: list[Message] = []
        self.closed: str | None = None
        self.lacks = False  # a number beyond the expected one came
        self.wake = 0
        self._gate: Gate | None = None
        self._framer = Framer()

    @property
    def gate(self) -> Gate:
        assert self._gate is not None
        return self._gate

    def connect(self, gate: Gate) -> None:
        self._gate, self.closed, self._framer = gate, None, Framer()
        gate.desks[self.name].connect(gate.exchange.now, Wires(self._take, self._hang_up, self._set_wake))

    def disconnect(self) -> None:
        self.gate.desks[self.name].disconnect(self.gate.exchange.now)

    def log_on(self, gate: Gate, *fields: Field) -> "Client":
        self.connect(gate)
        self.ask("A", [(98, "0"), (108, "30"), *fields])
        return self

    def tell(self, data: bytes) -> None:
        """Bytes as they are."""
        self.gate.desks[self.name].arrive(self.gate.exchange.now, Framer().feed(data))

    def say(self, kind: str, fields: list[Field], number: int | None = None, *extra: Field) -> bytes:
        """A message in the form of the wire; without a number it takes the next one."""
        now = self.gate.exchange.now
        if number is None:
            number, self.next = self.next, self.next + 1
            self.sent[number] = (kind, fields, now)
        head = ((34, str(number)), *extra, (49, self.name), (52, time_text(now)), (56, OURS))
        return encode(kind, joined((*head, *fields)))

    def again(self, number: int) -> bytes:
        """A message once more, as an engine does on a ResendRequest."""
        kind, fields, first = self.sent[number]
        return self.say(kind, fields, number, (43, "Y"), (122, time_text(first)))

    def ask(self, kind: str, fields: list[Field]) -> list[Message]:
        """Say it, let everything settle, and give what came."""
        before = len(self.raw)
        self.tell(self.say(kind, fields))
        self.settle()
        return self.raw[before:]

    def settle(self) -> None:
        """Until the gateway has nothing more to say."""
        self.gate.pump()
        while self.closed is None and 0 < self.wake <= self.gate.exchange.now:
            self.wake = 0
            self.gate.desks[self.name].tick(self.gate.exchange.now)

    def resend(self, first: int, last: int = 0) -> list[Message]:
        """ResendRequest, and what came."""
        return self.ask("2", [(7, str(first)), (16, str(last))])

    def catch_up(self) -> "Client":
        """Ask for what is missing, as an engine does when it sees a gap."""
        if self.lacks:
            self.lacks = False
            self.resend(self.expected)
        assert not self.lacks
        return self

    def _set_wake(self, time: int) -> None:
        self.wake = time

    def _take(self, data: bytes) -> None:
        for message in self._framer.feed(data):
            self.raw.append(message)
            number = message.number(34)
            assert number is not None
            if message.type == "4":
                assert number == self.expected or message.says(43)
                self.expected = max(self.expected, message.number(36) or 0)
            elif number == self.expected:
                self.expected += 1
                self.got[number] = message
            elif number > self.expected:
                self.lacks = True
            else:
                assert message.says(43), "an old number that is new"
        assert self._framer.garbage == 0

    def _hang_up(self, reason: str) -> None:
        self.closed = reason


def order(number: int, *, side: str = "1", price: str | None = "100", qty: int = 1_000, **more: str) -> list[Field]:
    """The body of a NewOrderSingle. `more`: t59="3" for any other tag."""
    fields = [(11, str(number)), (55, "2330"), (54, side), (60, "20260105-01:00:00"), (38, str(qty))]
    fields += [(40, "1")] if price is None else [(40, "2"), (44, price)]
    return with_tags(fields, more)


def request(number: int, of: int, *, side: str = "1", **more: str) -> list[Field]:
    """The body of an OrderCancelRequest; with t40, t44, t38 that of a replacement."""
    fields = [(41, str(of)), (11, str(number)), (55, "2330"), (54, side), (60, "20260105-01:00:00")]
    return with_tags(fields, more)


def with_tags(fields: list[Field], more: dict[str, str]) -> list[Field]:
    given = {int(name[1:]): value for name, value in more.items()}
    return [(tag, given.pop(tag, value)) for tag, value in fields] + list(given.items())


def shown(message: Message, *tags: int) -> list[str | None]:
    return [message.type, *(message.get(tag) for tag in tags)]
