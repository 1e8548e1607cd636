"""The shells of a simulation: a core's process, the seat's. They carry actions out and bring events back."""

from collections import deque
from collections.abc import Callable

from evermarket.venue.protocol.actions import (
    Action,
    Alarm,
    Append,
    Close,
    CutTail,
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
    Tell,
)
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.events import Beat, Matched, MatchFailed, NodeEvent, Received, Shadowed, Started
from evermarket.venue.protocol.frames import Block
from evermarket.venue.protocol.node import Node, State
from evermarket.venue.protocol.seat import SEAT, CompareAndSet, ReadSeat, Register
from simulation.disk import Disk
from simulation.doors import Doors
from simulation.market import Broken, rework, work
from simulation.market import State as MarketState
from simulation.oracle import Oracle
from simulation.world import MS, Network, World

DISK = (Append, Sync, Promise, SideFile, CutTail)
CORE = (Match, Quarantine, Shadow, Restore)


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
        self.doors = Doors(self)
        self.node: Node | None = None
        self.life = 0
        self.is_paused = False
        self.is_wrong = False
        self.skew_ns = 0
        self._known = known
        self._market = MarketState()
        self._todo: deque[Match | Quarantine | Shadow | Restore] = deque()
        self._late: list[Callable[[], None]] = []
        network.receivers[self.name] = lambda sender, message: self.step(Received(sender, message))  # type: ignore[arg-type]

    # --- life -----------------------------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self.node is not None and self.node.state is not State.HALTED

    def start(self) -> None:
        self.stop()
        self.life += 1
        self.world.note(self.name, "STARTS", f"life {self.life}, {len(self.disk.journal)} frames")
        self.is_wrong = False
        frames, promise = self.disk.recover()
        self.node = self.node_type(self.settings, Started(frames, promise), self.disk)
        self.perform(self.node.start())

    def stop(self) -> None:
        """The process dies; what it wrote to the disk's cache survives."""
        self.node, self.is_paused = None, False
        self._late.clear()
        self._todo.clear()
        self._market = MarketState()
        self.disk.stop()
        self.doors.break_all()

    def crash(self) -> None:
        self.world.note(self.name, "CRASH")
        self.stop()

    def lose_power(self) -> None:
        """Nobody is told that connections are gone."""
        self.world.note(self.name, "POWER LOST")
        self.doors.fall_silent()
        self.stop()
        self.disk.lose_power()

    def pause(self) -> None:
        if self.node is not None:
            self.world.note(self.name, "PAUSE")
            self.is_paused = True

    def resume(self) -> None:
        """It goes on where it was, with everything that has come meanwhile."""
        if self.is_paused:
            self.world.note(self.name, "WAKES")
            self.is_paused = False
            late, self._late = self._late, []
            for act in late:
                self.later(act)

    # --- steps ----------------------------------------------------------------------------------------------------

    def later(self, act: Callable[[], None]) -> None:
        """Now, or when the process goes on."""
        if self.is_paused:
            self._late.append(act)
        elif self.node is not None:
            act()

    def step(self, event: NodeEvent) -> None:
        self.later(lambda: self._step(event))

    def _step(self, event: NodeEvent) -> None:
        if self.node is not None:
            self.world.note(self.name, "<-", event)
            self.perform(self.node.step(event, self.clock_ns()))

    def clock_ns(self) -> int:
        return 1_000_000_000_000 + self.world.now_us * 1_000 + self.skew_ns

    def _of_life(self, life: int) -> Callable[[NodeEvent], None]:
        return lambda event: self.step(event) if life == self.life else None

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self.network.send(self.name, action.to, action.message)
            elif isinstance(action, Tell | Close):
                self.doors.perform(action)
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
            elif isinstance(action, CORE):
                self._ask_market(action)

    # --- the matching core, a thread of its own -----------------------------------------------------------------------

    def _ask_market(self, action: Match | Quarantine | Shadow | Restore) -> None:
        self._todo.append(action)
        if len(self._todo) == 1:
            self._market_later()

    def _market_later(self) -> None:
        """Mostly at once, a millisecond at times, and now and then a long pause."""
        chance = self.world.random.random
        delay_us = 10 + int(chance() ** 4 * 3_000) + (20 * MS if chance() < 0.003 else 0)
        self.world.after(delay_us, self._market_done, self.life)

    def _market_done(self, life: int) -> None:
        if life == self.life and self._todo:
            self.later(self._work)

    def _work(self) -> None:
        action = self._todo.popleft()
        event = self._worked(action)
        if self.node is None:
            return
        if self._todo:
            self._market_later()
        if event is not None:
            self._step(event)

    def _worked(self, action: Match | Quarantine | Shadow | Restore) -> NodeEvent | None:
        if isinstance(action, Restore):
            self._restore(action.index)
            return None
        if isinstance(action, Shadow):
            self._market, _ = rework(self._market, action.block)
            self._known.setdefault(action.block.chain, self._market)
            return Shadowed(action.index, action.block.chain, self._market.digest ^ int(self.is_wrong))
        try:
            self._market, records = work(
                self._market, action.commands, action.first, guarded=isinstance(action, Quarantine)
            )
        except Broken:
            if len(action.commands) > 1 or self.world.random.random() < 0.3:
                self.world.note(self.name, "POISONED")
                self.stop()
                return None
            return MatchFailed(action.batch)
        return Matched(action.batch, records, self._market.digest)

    def _restore(self, index: int) -> None:
        """From a state that is known, and the blocks behind it."""
        assert self.node is not None
        log, back = self.node.body.log, []
        for at in range(min(index, log.end), 0, -1):
            frame = log.frame(at)
            if frame.chain in self._known:
                self._market = self._known[frame.chain]
                break
            back.append(frame)
        else:
            self._market = MarketState()
        for frame in reversed(back):
            if isinstance(frame, Block):
                self._market, _ = rework(self._market, frame)
                self._known.setdefault(frame.chain, self._market)


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
