"""One seed: a market of three cores, three lines and a seat; faults for a while, then healing, then the books.

python -m simulation.run 4711          # from tests/failures: one seed with its trace
"""

import sys
from dataclasses import dataclass

from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.frames import Frame
from evermarket.venue.protocol.gate import Gate
from evermarket.venue.protocol.messages import Replicate
from evermarket.venue.protocol.node import Node, State
from evermarket.venue.protocol.seat import CompareAndSet, ReadSeat, Seat
from simulation.faults import Faults, draw
from simulation.market import POISON
from simulation.market import State as MarketState
from simulation.oracle import Oracle, Violation
from simulation.processes import Core, Member, SeatProcess
from simulation.world import MS, Network, World

CORES = ("P", "T", "B")
LINES = (1, 2, 3)
LENGTH_MS = 1_500
HEALING_MS_MAX = 6_000
TRACE_SHOWN = 60


class Failed(AssertionError):
    """A violation with the last events before it."""


@dataclass(frozen=True)
class Result:
    """What a seed did, for the sum over many."""

    virtual_ms: int
    epochs: int
    orders: int
    lives: int


class Simulation:
    """All parts of one market. Scenarios drive it by hand; `simulate` draws everything from the seed."""

    def __init__(self, seed: int, node_type: type[Node] = Node, gate_type: type[Gate] = Gate) -> None:
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
                Settings(name, CORES, beat_ms=20, frames_sent_max=16),
                node_type,
                known,
            )
            for name in CORES
        }
        self.members = [Member(self.world, self.network, self.oracle, line, gate_type) for line in LINES]

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
        payload = b"%d %d" % (member.gate.line, member.gate.last_id + 1)
        if self.poison_next:
            self.poison_next, payload = False, POISON
        member.order(payload)

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
            if core.market.is_wrong:
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
        self.oracle.check_journal(self.journals()[0])

    def trouble(self) -> str:
        """What is not yet as it must be."""
        missing = self.oracle.unanswered()
        if missing:
            return f"orders unanswered, by line: {missing}"
        if any(journal != self.journals()[0] for journal in self.journals()):
            return "journals differ"
        seat = self.seat.register.step(ReadSeat()).seat
        if seat is None or set(seat.in_step) != set(CORES):
            return f"not everybody is in step: {seat}"
        states = sorted(core.node.state.name for core in self.cores.values() if core.node is not None)
        return "" if states == [State.MATCH.name, State.RECOVER.name, State.RECOVER.name] else f"states {states}"

    def journals(self) -> list[tuple[Frame, ...]]:
        return [tuple(core.disk.frames) for core in self.cores.values()]

    def result(self) -> Result:
        return Result(
            self.world.now_us // MS,
            len(self.oracle.marks),
            sum(self.oracle.sent.values()),
            sum(core.life for core in self.cores.values()),
        )

    def story(self) -> str:
        """The last events, one a line."""
        return "\n".join(
            f"{at / MS:10.3f} ms  {who:<5}{what} {brief(thing)}"
            for at, who, what, thing in list(self.world.trace)[-TRACE_SHOWN:]
        )


def brief(thing: object) -> str:
    """An event as a reader wants it: no chains, no payloads."""
    message = getattr(thing, "message", None)
    if message is not None:
        return f"{getattr(thing, 'sender', '')} {brief(message)}"
    if isinstance(thing, Replicate):
        frames = [f"{frame.epoch}:{frame.last}" for frame in thing.frames]
        return f"Replicate(epoch={thing.epoch}, after={thing.after_index}, {frames}, released={thing.released_index})"
    text = str(thing)
    return text if len(text) < 260 else text[:260] + "..."


def simulate(
    seed: int, node_type: type[Node] = Node, gate_type: type[Gate] = Gate, length_ms: int = LENGTH_MS
) -> Result:
    """Run a seed. Errors: Failed, with the trace."""
    simulation = Simulation(seed, node_type, gate_type)
    intensities = draw(simulation)
    network = simulation.network
    try:
        simulation.begin()
        simulation.run_ms(20)
        network.loss, network.double, network.straggle = intensities.loss, intensities.double, intensities.straggle
        simulation.order_stream(intensities.order_ms, simulation.world.now_us + length_ms * MS)
        faults = Faults(simulation, intensities)
        simulation.run_ms(length_ms)
        faults.stop()
        simulation.heal()
    except AssertionError as error:
        head = f"seed {seed}: {error}\n{intensities}\n"
        raise Failed(f"{head}{simulation.story()}\nagain: python -m simulation.run {seed}") from error
    return simulation.result()


if __name__ == "__main__":
    for word in sys.argv[1:]:
        sys.stdout.write(f"{simulate(int(word))}\n")
