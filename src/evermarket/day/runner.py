"""The loop of a day: commands in, in simulated time; the core's stream out to whoever folds it.

It reads no clock but a stopwatch, which measures and decides nothing: the same source gives the same stream at any
speed. Between commands it puts the TIMER commands that events asked for (timers.py), and it cuts batches so that none
can come too late (slices.py). Watchers may ask to look at the core between two commands.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from evermarket.day.errors import PlanningError
from evermarket.day.slices import NEVER, piece_end, shortest_duration, soonest_due
from evermarket.day.source import Batch, Ints, Source
from evermarket.day.timers import Timers
from evermarket.records import HEADER, Records
from evermarket.records.raw import rows

View = Callable[[int, int, int], tuple[Sequence[Any], Sequence[Any]]]
"""(instrument, segment, levels) to bids and asks, best first, each level (price, qty, count)."""


class MatchingCore(Protocol):
    """What the runner needs of a core, of whichever make."""

    @property
    def digest(self) -> int:
        """The state digest after the last command."""

    @property
    def position(self) -> int:
        """The last position given."""

    def run(self, commands: Records, /) -> Records:
        """Commands in, the stream out; the stream is valid until the next call."""

    def depth(self, instrument: int, segment: int, levels: int, /) -> tuple[Sequence[Any], Sequence[Any]]:
        """Bids and asks, best first, each level (price, qty, count)."""

    def unfilled(self, instrument: int, segment: int, levels: int, /) -> tuple[Sequence[Any], Sequence[Any]]:
        """The same, as a match held now would leave them."""


class Sink(Protocol):
    """Follows the stream. Whatever it keeps it must copy."""

    def take(self, stream: Records, digest: int) -> None:
        """A piece of the stream, and the digest after it."""


class Watcher(Protocol):
    """Looks at the core at places of its own choice."""

    def cuts(self, batch: Batch) -> Ints:
        """After how many of the batch's commands it wants to look (0: before the first)."""

    def look(self, core: MatchingCore, batch: Batch, done: int) -> None:
        """`done` commands of the batch have been run."""

    def finish(self, core: MatchingCore) -> None:
        """Nothing more comes."""


@dataclass(slots=True)
class Pace:
    """How fast it went: one row a piece. Measured around the core alone."""

    commands: list[int] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    core_ns: list[int] = field(default_factory=list)

    @property
    def commands_total(self) -> int:
        """Commands given to the core, timers included."""
        return sum(self.commands)

    @property
    def records_total(self) -> int:
        """Records that came out: commands and events."""
        return sum(self.records)

    @property
    def core_seconds(self) -> float:
        """Time spent in the core."""
        return sum(self.core_ns) / 1e9


@dataclass(slots=True)
class Run:
    """What a finished, or interrupted, day leaves behind beside what the sinks hold."""

    pace: Pace
    digest: int = 0
    position: int = 0
    timers: int = 0
    interrupted: bool = False


class Runner:
    """Runs one day through one core."""

    def __init__(
        self,
        core: MatchingCore,
        sinks: Sequence[Sink],
        watchers: Sequence[Watcher] = (),
        stopwatch: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._core = core
        self._sinks = sinks
        self._watchers = watchers
        self._stopwatch = stopwatch
        self._timers = Timers()
        self._duration_ns = NEVER
        self._complete = False
        self._run = Run(Pace())

    def run(self, source: Source) -> Run:
        """The whole day. An interrupt ends it between two pieces; what has run stays told to the sinks."""
        self._complete = source.complete
        try:
            reference = source.reference()
            if len(reference):
                self._play(Batch(reference, np.zeros(len(reference), np.int64)))
            for batch in source.batches():
                self._play(batch)
            self._ring(NEVER - 1)
        except KeyboardInterrupt:
            self._run.interrupted = True
        for watcher in self._watchers:
            watcher.finish(self._core)
        self._run.digest = int(self._core.digest)
        self._run.position = int(self._core.position)
        return self._run

    def _play(self, batch: Batch) -> None:
        commands = batch.commands
        self._duration_ns = min(self._duration_ns, shortest_duration(commands))
        due = soonest_due(commands, NEVER if self._complete else self._duration_ns)
        wanted = [set(watcher.cuts(batch).tolist()) for watcher in self._watchers]
        stops = sorted({len(commands)}.union(*wanted))
        done = 0
        for stop in stops:
            done = self._play_to(commands, due, done, stop)
            for watcher, cuts in zip(self._watchers, wanted, strict=True):
                if stop in cuts:
                    watcher.look(self._core, batch, done)

    def _play_to(self, commands: Records, due: Ints, done: int, stop: int) -> int:
        while done < stop:
            now = int(commands["time"][done])
            self._ring(now)
            end = piece_end(commands, due, done, stop, self._timers.next_due)
            self._step(commands[done:end])
            if not self._complete and self._timers.next_due < int(commands["time"][end - 1]):
                raise PlanningError(f"due time {self._timers.next_due} passed inside the piece that began at {now}")
            done = end
        return done

    def _ring(self, now: int) -> None:
        """Insert what is due at or before `now`; a match can make more due."""
        while self._timers.next_due <= now:
            rung = self._timers.take_due(self._timers.next_due)
            self._run.timers += len(rung)
            self._step(rung)

    def _step(self, commands: Records) -> None:
        begin = self._stopwatch()
        stream = self._core.run(np.ascontiguousarray(rows(commands)).view(HEADER))
        took = self._stopwatch() - begin
        pace = self._run.pace
        pace.commands.append(len(commands))
        pace.records.append(len(stream))
        pace.core_ns.append(took)
        digest = int(self._core.digest)
        if not self._complete:
            self._timers.fold(stream)
        for sink in self._sinks:
            sink.take(stream, digest)
