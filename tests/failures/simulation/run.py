"""One seed: a market of three cores, three lines and a seat; faults for a while, then healing, then the books.

PYTHONPATH=../.. python -m simulation.run 4711          # from tests/failures: one seed
"""

import re
import sys
from dataclasses import dataclass
from typing import Any

from evermarket.client.gate import Gate
from evermarket.records.kinds import Make
from evermarket.records.session import Wish
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.frames import CoreName, Frame, JournalSeal
from evermarket.venue.protocol.messages import Replicate
from evermarket.venue.protocol.node import Node, State
from evermarket.venue.protocol.seat import CompareAndSet, ReadSeat, Seat
from simulation.exchange import Exchange
from simulation.faults import Faults, draw
from simulation.market import POISON
from simulation.market import State as MarketState
from simulation.member import Member
from simulation.oracle import Oracle, Violation
from simulation.processes import Core, SeatProcess
from simulation.world import MS, Network, World

CORES = ("P", "T", "B")
WISHES = {1: Wish.PUBLIC_FLOW, 2: Wish.CANCEL_ON_DISCONNECT, 3: Wish(0)}
LENGTH_MS = 1_200
HEALING_MS_MAX = 4_000
TRACE_SHOWN = 60
CHAIN = re.compile(r"chain=b(\"[^\"]*\"|'[^']*'),? ?")
SEAL = JournalSeal(20_260_105, {name: CoreName(n, Make.PRIMARY) for n, name in enumerate(CORES, 1)})


class Failed(AssertionError):  # noqa: N818
    """A violation with the last events before it."""


@dataclass(frozen=True)
class Result:
    """What a seed did, for the sum over many."""

    virtual_ms: int
    epochs: int
    orders: int
    lives: int
    told: int
    not_taken: int
    quarantined: int


class Simulation:
    """All parts of one market. Scenarios drive it by hand; `simulate` draws everything from the seed."""

    def __init__(self, seed: int, node_type: type[Node] = Node, gate_type: type[Gate] = Gate, **limits: int) -> None:
        self.seed = seed
        self.world = World(seed)
        self.network = Network(self.world)
        self.oracle = Oracle()
        self.poison_next = False
        self.seat = SeatProcess(self.world, self.network)
        first = Seat(0, CORES[0], (CORES[0],), "local", "start of the day", "operator", 0)
        self.seat.register.step(CompareAndSet(0, first))
        known: dict[bytes, MarketState] = {}
        self.cores = {
            name: Core(
                self.world,
                self.network,
                self.oracle,
                Settings(name, CORES, SEAL, beat_ms=20, frames_sent_max=16, **limits),
                node_type,
                known,
            )
            for name in CORES
        }
        self.members = [Member(self, line, gate_type, wish) for line, wish in WISHES.items()]
        self.exchange = Exchange(self)

    def begin(self) -> None:
        for core in self.cores.values():
            core.start()
        for member in self.members:
            member.start()

    def start(self, name: str) -> None:
        """A supervisor, or a person, starts what is not running."""
        if not self.cores[name].is_up:
            self.cores[name].start()

    def run_ms(self, time_ms: float) -> None:
        self.world.run(self.world.now_us + int(time_ms * MS))

    def order(self, member: Member) -> None:
        poison, self.poison_next = self.poison_next, False
        member.order(POISON if poison else 0)

    def order_stream(self, every_ms: int, until_us: int) -> None:
        """Each line orders now and then, whatever else happens."""

        def again(member: Member) -> None:
            if self.world.now_us < until_us:
                self.order(member)
                self.world.after(int(self.world.random.expovariate(1 / every_ms) * MS), again, member)

        for member in self.members:
            self.world.after(self.world.random.randint(0, every_ms * MS), again, member)

    # --- the end --------------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Everything works again; within a bounded time the market must be whole."""
        self.world.note("all", "HEALING")
        self.network.heal()
        self.seat.is_up = True
        for core in self.cores.values():
            core.disk.failing_in, core.disk.is_slow = 0, False
            core.resume()
            if core.is_wrong or (core.node is not None and not core.node.body.is_clean):
                core.crash()
            self.start(core.name)
        for _ in range(HEALING_MS_MAX // 20):
            self.run_ms(20)
            for core in self.cores.values():
                self.start(core.name)
            if self.trouble() == "":
                break
        else:
            raise Violation(f"not healed: {self.trouble()}")
        sent = {member.gate.line: member.ids for member in self.members}
        public = {line for line, wish in WISHES.items() if wish & Wish.PUBLIC_FLOW}
        self.oracle.check_journal(self.journals()[0], sent, public)

    def trouble(self) -> str:
        """What is not yet as it must be."""
        missing = {member.gate.line: len(member.gate.window) for member in self.members if len(member.gate.window)}
        if missing:
            return f"commands unanswered, by line: {missing}"
        if any(not member.gate.is_open for member in self.members):
            return "a line is not logged on"
        if any([frame.chain for frame in journal] != self.chains() for journal in self.journals()):
            return "journals differ"
        seat = self.seat.register.step(ReadSeat()).seat
        if seat is None or set(seat.in_step) != set(CORES):
            return f"not everybody is in step: {seat}"
        states = sorted(core.node.state.name for core in self.cores.values() if core.node is not None)
        if states != [State.MATCH.name, State.RECOVER.name, State.RECOVER.name]:
            return f"states {states}"
        return self._untold()

    def _untold(self) -> str:
        """The last thing to happen: what is released reaches the lines."""
        owner = next(core.node for core in self.cores.values() if core.node is not None and core.node.owner)
        for member in self.members:
            told = self.oracle.told_flow[member.gate.line]
            own = owner.body.flow.own(member.gate.line)
            if len(own) and int(own[-1]) > (next(reversed(told)) if told else 0):
                return f"line {member.gate.line} does not know of position {own[-1]}"
            public = owner.body.flow.public
            if member.gate.wish & Wish.PUBLIC_FLOW and len(public) and int(public[-1]) not in told:
                return f"line {member.gate.line} does not know of public position {public[-1]}"
        if owner.owner is not None and (owner.owner.door.waiting.records or len(owner.owner.batch)):
            return "commands wait"
        return "" if owner.body.released == owner.body.log.end else "something is not released"

    def journals(self) -> list[tuple[Frame, ...]]:
        return [tuple(core.disk.journal) for core in self.cores.values()]

    def chains(self) -> list[bytes]:
        return [frame.chain for frame in self.journals()[0]]

    def result(self) -> Result:
        oracle = self.oracle
        return Result(
            self.world.now_us // MS,
            len(oracle.marks),
            sum(len(member.ids) for member in self.members),
            sum(core.life for core in self.cores.values()),
            sum(len(told) for told in oracle.told_flow.values()),
            sum(len(ids) for ids in oracle.not_taken.values()),
            oracle.quarantined,
        )

    def story(self) -> str:
        """The last events, one a line."""
        shown = list(self.world.trace)[-TRACE_SHOWN:]
        return "\n".join(f"{at / MS:10.3f} ms  {who:<5}{what} {brief(thing)}" for at, who, what, thing in shown)


def brief(thing: Any) -> str:
    """An event as a reader wants it: no chains, records as kind:position."""
    message = getattr(thing, "message", None)
    if message is not None:
        return f"{getattr(thing, 'sender', '')} {brief(message)}"
    if isinstance(thing, Replicate):
        frames = [f"{frame.epoch}:{frame.last}" for frame in thing.frames]
        return f"Replicate(epoch={thing.epoch}, after={thing.after_index}, {frames}, released={thing.released_index})"
    records = getattr(thing, "records", getattr(thing, "commands", None))
    inside = " ".join(f"{row['kind']}:{row['position']}" for row in records[:12]) if records is not None else ""
    text = CHAIN.sub("", f"{thing} {inside}")
    return text if len(text) < 260 else text[:260] + "..."


def simulate(
    seed: int, node_type: type[Node] = Node, gate_type: type[Gate] = Gate, length_ms: int = LENGTH_MS
) -> Result:
    """Run a seed. Errors: Failed, with the trace."""
    intensities = draw(World(seed).random)
    limits = {name: getattr(intensities, name) for name in ("records_kept_max", "records_told_max", "records_sent_max")}
    simulation = Simulation(seed, node_type, gate_type, batch_records_max=intensities.batch_records_max, **limits)
    network = simulation.network
    try:
        simulation.begin()
        simulation.run_ms(20)
        network.loss, network.double, network.straggle = intensities.loss, intensities.double, intensities.straggle
        for core in simulation.cores.values():
            core.doors.throttled = intensities.throttled
        simulation.order_stream(intensities.order_ms, simulation.world.now_us + length_ms * MS)
        faults = Faults(simulation, intensities)
        simulation.run_ms(length_ms)
        faults.stop()
        simulation.heal()
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        head = f"seed {seed}: {type(error).__name__} {error}\n{intensities}\n"
        raise Failed(f"{head}{simulation.story()}\nagain: python -m simulation.run {seed}") from error
    return simulation.result()


if __name__ == "__main__":
    for word in sys.argv[1:]:
        sys.stdout.write(f"{simulate(int(word))}\n")
