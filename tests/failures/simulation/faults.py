"""What goes wrong, how often: each seed draws its own intensities, some faults never, some all the time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from evermarket.venue.protocol.events import DropRequested, SwitchRequested
from simulation.world import MS

if TYPE_CHECKING:
    from simulation.run import Simulation


@dataclass(frozen=True)
class Intensities:
    """Mean milliseconds between faults of a kind (0: never), and the network's habits."""

    crash: int
    power: int
    pause: int
    cut: int
    disk_fault: int
    slow_disk: int
    clock: int
    switch: int
    drop: int
    seat_outage: int
    poison: int
    wrong_core: int
    reset: int
    exchange: int
    repeat: int
    loss: float
    double: float
    straggle: float
    throttled: float
    order_ms: int
    records_kept_max: int
    records_told_max: int
    records_sent_max: int
    batch_records_max: int


KINDS = (
    "crash",
    "power",
    "pause",
    "cut",
    "disk_fault",
    "slow_disk",
    "clock",
    "switch",
    "drop",
    "seat_outage",
    "poison",
    "wrong_core",
    "reset",
    "exchange",
    "repeat",
)


def draw(random: Random) -> Intensities:
    """Mean times spread evenly on a logarithmic scale: quiet seeds and terrible ones."""

    def mean(likely: float) -> int:
        return round(math.exp(random.uniform(math.log(60), math.log(2_000)))) if random.random() < likely else 0

    def share(likely: float, most: float) -> float:
        return random.random() * most if random.random() < likely else 0.0

    likely = {"disk_fault": 0.4, "slow_disk": 0.3, "poison": 0.2, "wrong_core": 0.2, "clock": 0.3, "switch": 0.8}
    likely["exchange"] = 0.8
    means = {kind: mean(likely.get(kind, 0.6)) for kind in KINDS}
    return Intensities(
        **means,
        loss=share(0.5, 0.1),
        double=share(0.5, 0.1),
        straggle=share(0.5, 0.1),
        throttled=share(0.4, 0.2),
        order_ms=random.choice((8, 15, 30, 60)),
        records_kept_max=random.choice((8, 60, 100_000)),
        records_told_max=random.choice((3, 30, 10_000)),
        records_sent_max=random.choice((4, 40, 10_000)),
        batch_records_max=random.choice((2, 7, 4_096)),
    )


class Faults:
    """Faults happen until `stop`; each ends by itself after a while."""

    def __init__(self, simulation: "Simulation", intensities: Intensities) -> None:
        self.simulation = simulation
        self.world = simulation.world
        self.is_over = False
        for kind in KINDS:
            every = getattr(intensities, kind)
            if every:
                self._later(every, getattr(self, kind))

    def stop(self) -> None:
        self.is_over = True

    def _later(self, every_ms: int, act: Callable[[], None]) -> None:
        self.world.after(int(self.world.random.expovariate(1 / every_ms) * MS), self._happen, every_ms, act)

    def _happen(self, every_ms: int, act: Callable[[], None]) -> None:
        if not self.is_over:
            act()
            self._later(every_ms, act)

    def _soon(self, act: Callable[..., None], *args: object) -> None:
        """After 2 to 400 ms, short times more often."""
        self.world.after(int(2 * MS * 200 ** self.world.random.random()), act, *args)

    def _any_core(self) -> str:
        return self.world.random.choice(list(self.simulation.cores))

    # --- the kinds ------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        core = self.simulation.cores[self._any_core()]
        core.crash()
        self._soon(self.simulation.start, core.name)

    def power(self) -> None:
        """Correlated: one core, two, or all at the same moment; they come back in any order."""
        random = self.world.random
        for name in random.sample(list(self.simulation.cores), random.randint(1, len(self.simulation.cores))):
            self.simulation.cores[name].lose_power()
            self._soon(self.simulation.start, name)

    def pause(self) -> None:
        core = self.simulation.cores[self._any_core()]
        core.pause()
        self._soon(core.resume)

    def cut(self) -> None:
        """One way or both, between any two, or one from everybody."""
        random = self.world.random
        places = list(self.simulation.network.receivers)
        here = random.choice(list(self.simulation.cores))
        there = places if random.random() < 0.3 else [random.choice(places)]
        cuts = {(here, place) for place in there}
        if random.random() < 0.5:
            cuts |= {(place, here) for place in there}
        if random.random() < 0.3:
            cuts = {(place, here) for place in there}
        self.world.note("network", "CUT", sorted(cuts))
        self.simulation.network.cuts |= cuts
        self._soon(self._mend, cuts)

    def _mend(self, cuts: set[tuple[str, str]]) -> None:
        self.world.note("network", "MENDED", sorted(cuts))
        self.simulation.network.cuts -= cuts

    def disk_fault(self) -> None:
        self.simulation.cores[self._any_core()].disk.failing_in = self.world.random.randint(1, 50)

    def slow_disk(self) -> None:
        disk = self.simulation.cores[self._any_core()].disk
        disk.is_slow = True
        self._soon(setattr, disk, "is_slow", False)

    def clock(self) -> None:
        core = self.simulation.cores[self._any_core()]
        core.skew_ns += self.world.random.randint(-600, 600) * 10_000_000_000
        self.world.note(core.name, "CLOCK JUMPS", f"{core.skew_ns} ns off")

    def switch(self) -> None:
        self.simulation.cores[self._any_core()].step(SwitchRequested("operator"))

    def drop(self) -> None:
        asked = DropRequested(self._any_core(), "operator")
        for core in self.simulation.cores.values():
            core.step(asked)

    def seat_outage(self) -> None:
        self.world.note("seat", "GONE")
        self.simulation.seat.is_up = False
        self._soon(setattr, self.simulation.seat, "is_up", True)

    def poison(self) -> None:
        self.simulation.poison_next = True

    def wrong_core(self) -> None:
        core = self.simulation.cores[self._any_core()]
        node = core.node
        if node is not None and node.owner is None:
            self.world.note(core.name, "WRONG")
            core.is_wrong = True

    def reset(self) -> None:
        self.world.random.choice(self.simulation.members).break_off()

    def repeat(self) -> None:
        self.world.random.choice(self.simulation.members).repeat()

    def exchange(self) -> None:
        self.simulation.exchange.speak()
