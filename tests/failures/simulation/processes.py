"""The shells of a simulation: a core's process, a gate's, the seat's. They carry actions out and bring events back."""

from collections.abc import Callable

from evermarket.venue.protocol.actions import (
    Action,
    Alarm,
    Append,
    CutTail,
    Deliver,
    Halt,
    Match,
    Promise,
    Quarantine,
    Release,
    Restore,
    Send,
    SetTimer,
    Shadow,
    SideFile,
    Sync,
)
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.events import Beat, MatchFailed, NodeEvent, Ordered, Received, Shadowed, Started
from evermarket.venue.protocol.gate import Gate
from evermarket.venue.protocol.messages import NeverReceived, Report
from evermarket.venue.protocol.node import Node, State
from evermarket.venue.protocol.seat import SEAT, CompareAndSet, ReadSeat, Register
from simulation.disk import Disk
from simulation.market import POISON, Market
from simulation.market import State as MarketState
from simulation.oracle import Oracle
from simulation.world import MS, Network, World

DISK = (Append, Sync, Promise, SideFile, CutTail)


class Core:
    """A core's process over its lives. It may crash, lose power, be paused, halt, and be started again."""

    def __init__(
        self,
        world: World,
        network: Network,
        oracle: Oracle,
        settings: Settings,
        node_type: type[Node],
        known: dict[bytes, MarketState],
    ) -> None:
        self.world, self.network, self.oracle = world, network, oracle
        self.settings, self.node_type = settings, node_type
        self.name = settings.name
        self.disk = Disk(world)
        self.market = Market(known)
        self.node: Node | None = None
        self.life = 0
        self.is_paused = False
        self.skew_ns = 0
        self._late: list[NodeEvent] = []
        network.receivers[self.name] = lambda sender, message: self.step(Received(sender, message))  # type: ignore[arg-type]

    # --- life -----------------------------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self.node is not None and self.node.state is not State.HALTED

    def start(self) -> None:
        self.stop()
        self.life += 1
        self.world.note(self.name, "STARTS", f"life {self.life}, {len(self.disk.frames)} frames")
        self.market.is_wrong = False
        frames, promise = self.disk.recover()
        self.node = self.node_type(self.settings, Started(frames, promise))
        self._perform(self.node.start())

    def stop(self) -> None:
        """The process dies; what it wrote to the disk's cache survives."""
        self.node, self.is_paused = None, False
        self._late.clear()
        self.disk.stop()

    def crash(self) -> None:
        self.world.note(self.name, "CRASH")
        self.stop()

    def lose_power(self) -> None:
        self.world.note(self.name, "POWER LOST")
        self.stop()
        self.disk.lose_power()

    def pause(self) -> None:
        self.world.note(self.name, "PAUSED")
        self.is_paused = True

    def resume(self) -> None:
        if self.is_paused:
            self.world.note(self.name, "RESUMED")
            self.is_paused = False
            late, self._late = self._late, []
            for event in late:
                self.step(event)

    # --- events and actions ---------------------------------------------------------------------------------------

    def step(self, event: NodeEvent) -> None:
        if self.node is None:
            return
        if self.is_paused:
            self._late.append(event)
            return
        self.world.note(self.name, "<-", event)
        self._perform(self.node.step(event, self.clock_ns()))

    def clock_ns(self) -> int:
        return self.world.now_us * 1_000 + self.skew_ns

    def _of_life(self, life: int) -> Callable[[NodeEvent], None]:
        return lambda event: self.step(event) if life == self.life else None

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self.network.send(self.name, action.to, action.message)
            elif isinstance(action, DISK):
                self.disk.do(action, self._of_life(self.life))
            elif isinstance(action, SetTimer):
                self.world.after(action.delay_ms * MS, self._of_life(self.life), Beat())
            elif isinstance(action, Release):
                self.world.note(self.name, "releases", action)
                self.oracle.released(self.name, self.life, action)
            elif isinstance(action, Alarm | Halt):
                self.world.note(self.name, "says", action)
                self.oracle.said(self.name, action)
            else:
                self._ask_core(action)
            if self.node is None:
                return

    def _ask_core(self, action: Action) -> None:
        assert self.node is not None
        log = self.node.body.log
        if isinstance(action, Match):
            if any(order.payload.startswith(POISON) for order in action.orders):
                self._be_poisoned(action)
                return
            event: NodeEvent = self.market.match(action.orders, action.first, action.time_ns)
            self._perform(self.node.step(event, self.clock_ns()))
            self.market.remember(log.frame(log.end))
        elif isinstance(action, Quarantine):
            event = self.market.refuse(action.order, action.first)
            self._perform(self.node.step(event, self.clock_ns()))
            self.market.remember(log.frame(log.end))
        elif isinstance(action, Shadow):
            digest = self.market.shadow(action.frame)  # type: ignore[arg-type]
            self.market.remember(action.frame)
            self._perform(self.node.step(Shadowed(action.index, digest), self.clock_ns()))
        elif isinstance(action, Restore):
            self.market.restore(log.chain_at(self._last_block(action.index)) or b"")

    def _last_block(self, index: int) -> int:
        """Marks change no state, so their chains are not remembered."""
        assert self.node is not None
        while index and not hasattr(self.node.body.log.frame(index), "payload"):
            index -= 1
        return index

    def _be_poisoned(self, action: Match) -> None:
        """Alone, the broken core is noticed and made again; in a batch it takes the process with it."""
        assert self.node is not None
        if len(action.orders) == 1 and action.orders[0].is_resend:
            self._perform(self.node.step(MatchFailed(), self.clock_ns()))
        else:
            self.world.note(self.name, "POISONED")
            self.stop()


class Member:
    """A member's line behind its gate; it never dies, and remembers what it was told."""

    def __init__(self, world: World, network: Network, oracle: Oracle, line: int, gate_type: type[Gate]) -> None:
        self.world, self.network, self.oracle = world, network, oracle
        self.name = f"G{line}"
        self.gate = gate_type(line, beat_ms=20)
        network.receivers[self.name] = lambda sender, message: self._step(Received(sender, message))  # type: ignore[arg-type]

    def start(self) -> None:
        self._perform(self.gate.start())

    def order(self, payload: bytes) -> None:
        self._step(Ordered(payload))
        self.oracle.ordered(self.gate.line, self.gate.last_id)

    def _step(self, event: Beat | Received | Ordered) -> None:
        self.world.note(self.name, "<-", event)
        self._perform(self.gate.step(event))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self.network.send(self.name, action.to, action.message)
            elif isinstance(action, SetTimer):
                self.world.after(action.delay_ms * MS, self._step, Beat())
            elif isinstance(action, Deliver):
                assert isinstance(action.message, Report | NeverReceived)
                self.oracle.told(self.gate.line, action.message)


class SeatProcess:
    """The register S. It may be gone for a while; what it answered is durable."""

    def __init__(self, world: World, network: Network) -> None:
        self.world, self.network = world, network
        self.register = Register()
        self.is_up = True
        network.receivers[SEAT] = self._received

    def _received(self, sender: str, message: object) -> None:
        if self.is_up:
            assert isinstance(message, ReadSeat | CompareAndSet)
            answer = self.register.step(message)
            if isinstance(message, CompareAndSet):
                self.world.note(SEAT, f"{sender} asks", message)
                self.world.note(SEAT, "answers", answer)
            self.network.send(SEAT, sender, answer)
