"""Sinks that stand between the stream and the outside: the journal being written, the journal being compared with, and
the line that tells a person how far the day is."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evermarket.day.errors import NotDurable
from evermarket.day.source import TradingDay
from evermarket.records import Kind, Records
from evermarket.records.raw import WHOLE, rows

BLOCK_RECORDS: Final = 16_384
LINE_SECONDS: Final = 10.0
BAR_SECONDS: Final = 0.1


class StreamHash:
    """SHA-256 of the whole stream: two runs that print the same one gave the same bytes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def take(self, stream: Records, digest: int) -> None:
        """Add a piece."""
        self._hash.update(rows(stream).tobytes())

    @property
    def hex(self) -> str:
        """Of everything so far."""
        return self._hash.hexdigest()


class JournalSink:
    """Writes the stream into a journal, in blocks of some thousand records with the digest after the last."""

    def __init__(self, folder: Path, day: TradingDay) -> None:
        from evermarket.journal import DayFacts, JournalWriter

        self._parts: list[npt.NDArray[np.void]] = []
        self._held = 0
        self._digest = 0
        self.folder = folder
        self.records = 0
        self.took_ns = 0
        with _durable():
            self._writer = JournalWriter.create(folder, DayFacts(day.yyyymmdd))
            self._writer.begin_epoch(1, owner=1, make=1, time=day.midnight_ns)

    def take(self, stream: Records, digest: int) -> None:
        """Hold a piece; write what is held once it fills a block."""
        self._parts.append(rows(stream).copy())
        self._held += len(stream)
        self._digest = digest
        if self._held >= BLOCK_RECORDS:
            self._write()

    def _write(self) -> None:
        if not self._held:
            return
        begin = time.perf_counter_ns()
        block = np.concatenate(self._parts)
        with _durable():
            for start in range(0, len(block), self._writer.records_max):
                self._writer.append(block[start : start + self._writer.records_max], self._digest)
        self.records += len(block)
        self._parts, self._held = [], 0
        self.took_ns += time.perf_counter_ns() - begin

    def close(self) -> str:
        """Write the rest and make it durable; the head of the hash chain, as hexadecimal."""
        self._write()
        begin = time.perf_counter_ns()
        with _durable():
            self._writer.sync()
            chain = self._writer.chain.hex()
            self._writer.close()
        self.took_ns += time.perf_counter_ns() - begin
        return chain

    @property
    def durable_position(self) -> int:
        """The last position that is safe on disk."""
        return int(self._writer.durable_position)


class _durable:  # noqa: N801
    """Turns what the journal says when its disk fails into this room's own error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileExistsError):
            raise NotDurable(str(error)) from error


class Compared:
    """Compares the stream, byte by byte, with one that was written before."""

    def __init__(self, written: Iterator[Records]) -> None:
        self._written = written
        self._rest: npt.NDArray[np.void] = np.zeros(0, WHOLE)
        self.equal = 0
        self.first_difference: int | None = None

    def take(self, stream: Records, digest: int) -> None:
        """Compare a piece with what comes next in the other stream."""
        mine = rows(stream)
        while len(mine) and self.first_difference is None:
            if not len(self._rest):
                self._rest = rows(next(self._written, stream[:0]))
                if not len(self._rest):
                    self._differs(mine[0])
                    return
            n = min(len(mine), len(self._rest))
            mine_bytes = np.ascontiguousarray(mine[:n]).view(np.uint8).reshape(n, 64)
            other = np.ascontiguousarray(self._rest[:n]).view(np.uint8).reshape(n, 64)
            unlike = np.flatnonzero((mine_bytes != other).any(axis=1))
            self.equal += int(unlike[0]) if len(unlike) else n
            if len(unlike):
                self._differs(mine[unlike[0]])
            mine, self._rest = mine[n:], self._rest[n:]

    def _differs(self, record: Any) -> None:
        self.first_difference = int.from_bytes(record.tobytes()[:8], "little")

    def finish(self) -> None:
        """What the other stream has beyond this one is a difference too."""
        if self.first_difference is None:
            rest = self._rest if len(self._rest) else rows(next(self._written, np.zeros(0, WHOLE)))
            if len(rest):
                self._differs(rest[0])


class Progress:
    """How far the day is: a bar on a terminal, else one line every ten seconds, on standard error."""

    def __init__(self, day: TradingDay, expected: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._day = day
        self._expected = expected
        self._clock = clock
        self._commands = 0
        self._trades = 0
        self._began = self._told = clock()
        self._bar: Any = None
        self._task: Any = None
        if sys.stderr.isatty():
            self._open_bar()

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("[bold]{task.fields[market]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[rate]:>12}  {task.fields[trades]:>10} trades"),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=self._expected or None, market="--:--:--", rate="", trades=0)

    def take(self, stream: Records, digest: int) -> None:
        """Count a piece and tell, if it is time to."""
        kinds = stream["kind"]
        self._commands += int(np.count_nonzero(kinds < 64))
        self._trades += int(np.count_nonzero(kinds == Kind.TRADED))
        now = self._clock()
        if now - self._told >= (BAR_SECONDS if self._bar else LINE_SECONDS) and len(stream):
            self._told = now
            self._tell(int(stream["time"][-1]), now)

    def _tell(self, market_ns: int, now: float) -> None:
        rate = f"{self._commands / max(now - self._began, 1e-9):,.0f}/s"
        market = self._day.clock(market_ns)
        if self._bar is not None:
            done = min(self._commands, self._expected) if self._expected else None
            self._bar.update(self._task, completed=done, market=market, rate=rate, trades=f"{self._trades:,}")
            return
        share = f" {self._commands * 100 // self._expected} %" if self._expected else ""
        print(f"{market}{share} {self._commands:,} commands, {self._trades:,} trades, {rate}", file=sys.stderr)  # noqa: T201

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
