"""What a day is made of: the face that every source of commands shows to the runner.

A source gives reference data, then batches of commands in time order, and the tables that lead from our dense numbers
back to what it called things: instruments to codes, order numbers to its own order numbers, commands to its own row
numbers. Times are UTC nanoseconds; `zone` says how to show them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from evermarket.records import Records

Ints = npt.NDArray[np.int64]

Levels = npt.NDArray[np.void]
"""Levels of one side, best first: price, qty, count."""

_EPOCH = date(1970, 1, 1)


class Batch(NamedTuple):
    """Commands in time order; `seqs` the source's own row number of each, 0 where the source has none."""

    commands: Records
    seqs: Ints


@dataclass(frozen=True, slots=True)
class Instrument:
    """One security: our number, what outsiders call it, and how many decimals its prices show."""

    number: int
    code: str
    name: str = ""
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class TradingDay:
    """A day in its market's zone. The offset is that of the day: no market here changes it while it trades."""

    day: date
    zone: str

    @property
    def yyyymmdd(self) -> int:
        """The day as records carry it."""
        return self.day.year * 10_000 + self.day.month * 100 + self.day.day

    @property
    def offset_ns(self) -> int:
        """Local time less UTC."""
        offset = datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=ZoneInfo(self.zone)).utcoffset()
        return (offset or timedelta()) // timedelta(microseconds=1) * 1_000

    @property
    def midnight_ns(self) -> int:
        """Local midnight in UTC nanoseconds."""
        return (self.day - _EPOCH).days * 86_400_000_000_000 - self.offset_ns

    def at(self, clock: str) -> int:
        """A local time of day ("09:15:00.5") in UTC nanoseconds."""
        hours, minutes, seconds = clock.split(":")
        whole, _, rest = seconds.partition(".")
        of_day = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
        return self.midnight_ns + of_day * 1_000_000_000 + int(rest.ljust(9, "0"))

    def clock(self, time_ns: int) -> str:
        """A UTC time as the market's wall clock shows it, to the second."""
        seconds = (time_ns - self.midnight_ns) // 1_000_000_000
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@dataclass(slots=True)
class OrderLabels:
    """Our order numbers to the source's own. Without labels a number stands for itself."""

    labels: pl.Series | None = None
    """Position i is the label of order number i; position 0 is not used."""

    def of(self, order_nos: npt.NDArray[np.integer]) -> pl.Series:
        """The labels of some orders, in their order."""
        if self.labels is None:
            return pl.Series(order_nos.astype(np.int64))
        return self.labels.gather(pl.Series(order_nos.astype(np.int64)))


class Source(Protocol):
    """Anything that a day can be run from."""

    @property
    def title(self) -> str:
        """What the report calls it."""

    @property
    def day(self) -> TradingDay:
        """The trading day and its zone."""

    @property
    def instruments(self) -> list[Instrument]:
        """Every security, in number order."""

    @property
    def labels(self) -> OrderLabels:
        """Order numbers of the source; complete when the batches have been read."""

    @property
    def time_decimals(self) -> int:
        """How many decimals of a second its times have."""

    @property
    def complete(self) -> bool:
        """True if the commands hold their timers already (a journal), so that none may be added."""

    @property
    def expected(self) -> int:
        """How many commands will come, for the progress bar; 0 if unknown."""

    def reference(self) -> Records:
        """The commands that define lines, ticks, books and prices."""

    def batches(self) -> Iterator[Batch]:
        """The day's commands."""


@dataclass(slots=True)
class ReadSource:
    """A source that was read into memory as a whole: all file formats are."""

    title: str
    day: TradingDay
    instruments: list[Instrument]
    reference_data: Records
    commands: Records
    seqs: Ints
    labels: OrderLabels = field(default_factory=OrderLabels)
    time_decimals: int = 3
    complete: bool = False

    @property
    def expected(self) -> int:
        """Known: everything has been read."""
        return len(self.commands)

    def reference(self) -> Records:
        """The reference data."""
        return self.reference_data

    def batches(self) -> Iterator[Batch]:
        """All at once; the runner cuts as it needs."""
        yield Batch(self.commands, self.seqs)
