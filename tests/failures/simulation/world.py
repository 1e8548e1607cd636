"""Virtual time and the network between cores and seat: the only source of order, chance and delay in a simulation."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TRACE_EVENTS = 600

MS = 1_000
"""Time is counted in microseconds."""


class World:
    """A clock that jumps from event to event. The same seed gives the same history."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_us = 0
        self.trace: deque[tuple[int, str, str, object]] = deque(maxlen=TRACE_EVENTS)
        self._queue: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def after(self, delay_us: int, act: Callable[..., None], *args: Any) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now_us + delay_us, self._count, act, args))

    def run(self, until_us: int) -> None:
        while self._queue and self._queue[0][0] <= until_us:
            self.now_us, _, act, args = heapq.heappop(self._queue)
            act(*args)
        self.now_us = until_us

    def note(self, who: str, what: str, thing: object = "") -> None:
        self.trace.append((self.now_us, who, what, thing))


@dataclass
class Network:
    """Messages may be lost, doubled, delayed (and so reordered) and cut one way."""

    world: World
    loss: float = 0.0
    double: float = 0.0
    straggle: float = 0.0
    delay_us: int = 300
    cuts: set[tuple[str, str]] = field(default_factory=set)
    receivers: dict[str, Callable[[str, object], None]] = field(default_factory=dict)

    def send(self, sender: str, to: str, message: object) -> None:
        chance = self.world.random.random
        if (sender, to) in self.cuts or chance() < self.loss:
            return
        self._deliver(sender, to, message)
        if chance() < self.double:
            self._deliver(sender, to, message)

    def heal(self) -> None:
        self.loss = self.double = self.straggle = 0.0
        self.cuts.clear()

    def _deliver(self, sender: str, to: str, message: object) -> None:
        chance = self.world.random.random
        delay_us = 50 + int(chance() * self.delay_us)
        if chance() < self.straggle:
            delay_us += int(chance() * 100 * MS)
        self.world.after(delay_us, self.receivers[to], sender, message)
