"""Who speaks for line 0, the exchange itself: a phase, or an announcement with its texts, said in two pieces."""

from typing import TYPE_CHECKING

import numpy as np

from evermarket.records import HEADER, Kind, Records, blank
from evermarket.venue.protocol.events import Gone, Opened, Said

if TYPE_CHECKING:
    from simulation.run import Simulation


class Exchange:
    """It talks to the owner's process directly and does not mind what is lost."""

    def __init__(self, simulation: "Simulation") -> None:
        self.simulation = simulation
        self.count = 0

    def speak(self) -> None:
        random = self.simulation.world.random
        self.count += 1
        name = f"exchange-{self.count}"
        commands = blank(Kind.PHASE).view(HEADER) if random.random() < 0.5 else announcement(random.randint(1, 3))
        cut = random.randint(0, len(commands))
        for core in self.simulation.cores.values():
            if core.node is not None and core.node.owner is not None:
                core.step(Opened(name, 0))
                core.step(Said(name, commands[:cut]))
                core.step(Said(name, commands[cut:]))
                core.step(Gone(name))


def announcement(texts: int) -> Records:
    head = blank(Kind.ANNOUNCE)
    head["flags"] = texts
    return np.concatenate([head.view("V64"), blank(Kind.TEXT, texts).view("V64")]).view(HEADER)
