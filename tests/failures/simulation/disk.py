"""A disk: operations one after the other, a tail that power takes away, an n-th operation that fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.venue.protocol.actions import Append, CutTail, DiskAction, Promise, SideFile, Sync
from evermarket.venue.protocol.archive import Positions
from evermarket.venue.protocol.events import DiskFailed, NodeEvent, Promised, Synced
from evermarket.venue.protocol.frames import Block, Frame
from simulation.world import World


@dataclass
class Disk:
    """What stays of a core, and its node's archive. `failing_in`: so many operations from now on one fails; 0: none."""

    world: World
    journal: list[Frame] = field(default_factory=list)
    synced: int = 0
    promise: int = 0
    side: list[Frame] = field(default_factory=list)
    failing_in: int = 0
    is_slow: bool = False
    _todo: list[DiskAction] = field(default_factory=list)
    _life: int = 0
    _is_dead: bool = False

    def do(self, action: DiskAction, answer: Callable[[NodeEvent], None]) -> None:
        self._todo.append(action)
        if len(self._todo) == 1:
            self._begin(answer)

    def stop(self) -> None:
        """The process is gone; what it wrote is in the system's cache."""
        self._todo.clear()
        self._life += 1
        self._is_dead = False

    def lose_power(self) -> None:
        """Some of what was not synced is gone, always from its end: a torn block is cut at recovery."""
        self.stop()
        del self.journal[self.world.random.randint(self.synced, len(self.journal)) :]

    def recover(self) -> tuple[tuple[Frame, ...], int]:
        """The journal as found, made durable again, and the promise."""
        self.synced = len(self.journal)
        return tuple(self.journal), self.promise

    # --- the archive ----------------------------------------------------------------------------------------------

    def frames(self, after: int, upto: int) -> Sequence[Frame]:
        assert after <= upto <= self.synced, f"frames up to {upto} are asked for, {self.synced} are synced"
        return self.journal[after:upto]

    def records(self, positions: Positions) -> Records:
        wanted, found = set(positions.tolist()), []
        for frame in self.journal[: self.synced]:
            if isinstance(frame, Block) and any(frame.first <= position <= frame.last for position in wanted):
                rows = [position - frame.first for position in sorted(wanted) if frame.first <= position <= frame.last]
                found.append(frame.records.view(f"V{RECORD_BYTES}")[rows])
        assert sum(len(part) for part in found) == len(positions), "records are asked for that are not synced"
        return np.concatenate(found).view(HEADER)

    # --- inside -------------------------------------------------------------------------------------------------

    def _begin(self, answer: Callable[[NodeEvent], None]) -> None:
        chance = self.world.random.random()
        delay_us = 5 if isinstance(self._todo[0], Append) else 100 + int(400 * chance)
        if self.is_slow:
            delay_us *= 100
        self.world.after(delay_us, self._finish, self._life, answer)

    def _finish(self, life: int, answer: Callable[[NodeEvent], None]) -> None:
        if life != self._life or self._is_dead:
            return
        action = self._todo.pop(0)
        event = self._failure(action) or self._carry_out(action)
        if self._todo and not self._is_dead:
            self._begin(answer)
        if event is not None:
            answer(event)

    def _failure(self, action: DiskAction) -> NodeEvent | None:
        if self.failing_in:
            self.failing_in -= 1
            if self.failing_in == 0:
                self._is_dead = True
                del self.journal[self.world.random.randint(self.synced, len(self.journal)) :]
                return DiskFailed(f"{type(action).__name__} failed")
        return None

    def _carry_out(self, action: DiskAction) -> NodeEvent | None:
        if isinstance(action, Append):
            self.journal.extend(action.frames)
        elif isinstance(action, Sync):
            self.synced = len(self.journal)
            return Synced(action.index, action.chain)
        elif isinstance(action, Promise):
            self.promise = max(self.promise, action.epoch)
            return Promised(action.epoch)
        elif isinstance(action, SideFile):
            self.side.extend(action.frames)
        elif isinstance(action, CutTail):
            gone = self.journal[action.index :]
            kept = {frame.chain for frame in self.side}
            assert all(frame.chain in kept for frame in gone), "a tail was cut that no side file holds"
            del self.journal[action.index :]
            self.synced = min(self.synced, action.index)
        return None
