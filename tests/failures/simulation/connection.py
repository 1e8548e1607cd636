"""A connection as TCP gives it: two streams of whole records, in order, that may break at any moment.

What was sent when it breaks arrives up to some record, or not at all, in each direction on its own; each end hears of
the break late, or never while the way to it is cut.
"""

from collections import deque
from collections.abc import Callable

from evermarket.records import Records
from simulation.world import MS, Network

Part = Records | None
"""Some records; None: the other end has closed."""


class Stream:
    """One direction."""

    def __init__(self, network: Network, sender: str, to: str, deliver: Callable[[Part], None]) -> None:
        self.network, self.world = network, network.world
        self.way = sender, to
        self._deliver = deliver
        self._parts: deque[Part] = deque()
        self._is_moving = False
        self._is_closed = False

    @property
    def waiting(self) -> int:
        return len(self._parts)

    def send(self, part: Part) -> None:
        if self._is_closed:
            return
        self._is_closed = part is None
        self._parts.append(part)
        self._move()

    def break_off(self) -> None:
        """Lose a tail of what is under way; the end is heard behind what is left."""
        kept = self.world.random.randint(0, len(self._parts))
        while len(self._parts) > kept:
            self._parts.pop()
        self._is_closed = False
        self.send(None)

    def fall_silent(self) -> None:
        """Nothing comes any more, not even the end."""
        self._parts.clear()
        self._is_closed = True

    def _move(self) -> None:
        if self._parts and not self._is_moving:
            self._is_moving = True
            self.world.after(30 + int(self.world.random.random() * 300), self._arrive)

    def _arrive(self) -> None:
        self._is_moving = False
        if self.way in self.network.cuts:
            self._is_moving = True
            self.world.after(2 * MS, self._arrive)
            return
        for _ in range(min(len(self._parts), self.world.random.randint(1, 4))):
            if self._parts:
                self._deliver(self._parts.popleft())
        self._move()


class Connection:
    """`name` is unique. `to_core` and `to_member` are the two directions; who made it wires them."""

    def __init__(self, name: str, core: str, to_core: Stream, to_member: Stream) -> None:
        self.name, self.core = name, core
        self.to_core, self.to_member = to_core, to_member

    def break_off(self) -> None:
        self.to_core.break_off()
        self.to_member.break_off()

    def fall_silent(self) -> None:
        self.to_core.fall_silent()
        self.to_member.fall_silent()
