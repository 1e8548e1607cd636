"""A member's process: a line behind its gate; it never dies, and remembers what it was told."""

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from evermarket.client.gate import (
    Action,
    Beat,
    Connect,
    Deliver,
    Disconnect,
    Event,
    Gate,
    Heard,
    Lost,
    Ordered,
    Stopped,
    Write,
)
from evermarket.records import HEADER, LAYOUT, Kind, Records
from simulation.connection import Connection, Part, Stream
from simulation.doors import BEAT_MS
from simulation.oracle import Violation
from simulation.world import MS

if TYPE_CHECKING:
    from simulation.run import Simulation


class Member:
    """Orders, cancels, quotes and asks at random."""

    def __init__(self, simulation: "Simulation", line: int, gate_type: type[Gate], wish: int) -> None:
        self.simulation, self.world = simulation, simulation.world
        self.name = f"G{line}"
        doors = list(simulation.cores)
        self.gate = gate_type(line, tuple(doors), lambda challenge, log_on: bytes(32), wish=wish)
        self.connections: dict[int, Connection] = {}
        self.ids: set[int] = set()
        self._last_id = 0
        self._said: deque[Records] = deque(maxlen=20)

    def start(self) -> None:
        self._perform(self.gate.start())
        self.world.after(BEAT_MS * MS, self._beat)

    def order(self, extra: int = 0) -> None:
        """One to three commands in a piece."""
        random = self.world.random
        commands = [self._command(extra) for _ in range(random.choice((1, 1, 1, 2, 3)))]
        self._step(Ordered(np.concatenate([command.view("V64") for command in commands]).view(HEADER)))
        self.simulation.oracle.ordered(self.gate.line, self._last_id)

    def repeat(self) -> None:
        """An impatient member says again what it has been told of already; it must not be done again."""
        told = [
            command for command in self._said if (self.gate.line, _id_of(command)) in self.simulation.oracle.executed
        ]
        if told and self.gate.is_open:
            self.connections[self.gate.number].to_core.send(self.world.random.choice(told).view(HEADER))

    def break_off(self) -> None:
        connection = self.connections.get(self.gate.number)
        if connection is not None:
            self.world.note(self.name, "CONNECTION BREAKS", connection.name)
            connection.break_off()

    # --- inside -------------------------------------------------------------------------------------------------

    def _command(self, extra: int) -> Records:
        random = self.world.random
        self._last_id += random.choice((1, 1, 1, 4))
        self.ids.add(self._last_id)
        kinds = (Kind.NEW, Kind.CANCEL, Kind.QUOTE, Kind.MASS_CANCEL, Kind.QUOTE_REQUEST)
        kind = Kind.NEW if extra else random.choices(kinds, (10, 4, 2, 1, 1))[0]
        command = np.zeros(1, LAYOUT[kind])
        command["kind"], command["cl_ord_id"], command["line"] = kind, self._last_id, self.gate.line
        if kind == Kind.NEW:
            command["price"], command["qty"], command["extra"] = self._last_id, 1, extra
        elif kind == Kind.CANCEL:
            command["order_no"] = random.randint(1, self.simulation.oracle.order_no + 3)
        self._said.append(command)
        return command

    def _beat(self) -> None:
        self._step(Beat())
        self.world.after(BEAT_MS * MS, self._beat)

    def _step(self, event: Event) -> None:
        self.world.note(self.name, "<-", event)
        self._perform(self.gate.step(event))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Connect):
                self._connect(action)
            elif isinstance(action, Write):
                self.connections[action.number].to_core.send(action.records.view(HEADER))
            elif isinstance(action, Disconnect):
                connection = self.connections.get(action.number)
                if connection is not None:
                    connection.to_core.send(None)
            elif isinstance(action, Deliver):
                self.simulation.oracle.told(self.gate.line, action.records)
            elif isinstance(action, Stopped):
                raise Violation(f"line {self.gate.line} is sent away: {action.parting.name}")

    def _connect(self, action: Connect) -> None:
        core, network = self.simulation.cores[action.address], self.simulation.network
        name = f"{self.name}-{action.number}"
        number = action.number

        def to_member(part: Part) -> None:
            self._step(Lost(number) if part is None else Heard(number, part))

        connection = Connection(
            name,
            core.name,
            Stream(network, self.name, core.name, lambda part: core.doors.heard(name, part)),
            Stream(network, core.name, self.name, to_member),
        )
        self.connections[number] = connection
        self.connections.pop(number - 5, None)
        self.world.after(100, core.doors.accept, connection)


def _id_of(command: Records) -> int:
    return int(command["cl_ord_id"][0])
