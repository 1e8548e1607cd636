"""A simulated day: reference data, then the commands of the whole day in time order, batch by batch.

The stream is a function of the configuration alone, the same on every machine; if the caller feeds last prices back
with `observe`, it is a function of those as well. Commands carry position 0; the core stamps them. Order numbers are
dense from 1, so whoever mixes other orders in must renumber. TIMER commands are not in the stream (day_steps.py).
Known gaps: the generator sees no events but last prices; what it believes to be live may have traded.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from evermarket.records import Records
from evermarket.records.layout import ORDER, QUOTE
from evermarket.records.raw import WHOLE
from evermarket.records.units import SECOND_NS
from evermarket.sim import tables as make
from evermarket.sim.board import Security, make_board
from evermarket.sim.board_rules import band_array
from evermarket.sim.calibration import Placement, calibration
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day_steps import day_steps
from evermarket.sim.flow import places_for, room_for, run
from evermarket.sim.hours import Hours, hours_of
from evermarket.sim.kernels import Ints, seeded
from evermarket.sim.members import make_lines, provider_lines
from evermarket.sim.reference import reference_records
from evermarket.sim.sheet import make_sheet, make_shocks
from evermarket.sim.state import BAD_KINDS, PENDING, STREAMS, Bad, Count, State, Tables
from evermarket.sim.world import pull

REFERENCE_BEFORE_NS: Final = 600 * SECOND_NS
"""Reference data come ten minutes before the first phase."""
FIRST_PLACES: Final = 1 << 14


class SimulatedDay:
    """One day of one configuration. `batches` may be taken once."""

    def __init__(self, config: SimulationConfig) -> None:
        self.config = config
        self.instruments: list[Security] = make_board(config)
        self.instrument_of = {one.code: one.instrument for one in self.instruments}
        self.lines = make_lines(config.members)
        self._hours = hours_of(config)
        self._tables = self._make_tables()
        self._state = self._make_state()
        self._slot = 0

    def reference(self) -> Records:
        """The reference data of the day, to be applied before the first batch."""
        time = self._hours.start_ns - REFERENCE_BEFORE_NS
        return reference_records(self.instruments, self.lines, self.config.day, time)

    def batches(self) -> Iterator[Records]:
        """The commands of the day. A batch holds whole seconds; no batch begins before the one before it ends."""
        schedule = day_steps(self.config)
        sent = 0
        while self._slot < self._hours.slots:
            commands = self._play()
            done = self._slot == self._hours.slots
            due = len(schedule) if done else int(np.searchsorted(schedule["time"], self.clock, "left"))
            batch = merge(commands, schedule[sent:due])
            sent = due
            if len(batch):
                yield batch

    def observe(self, last_prices: Ints) -> int:
        """Between batches: draws fair prices to the last trades, by instrument number (NO_PRICE: none); how many."""
        if last_prices.dtype != np.int64 or len(last_prices) <= len(self.instruments):
            raise ValueError(f"last_prices needs {len(self.instruments) + 1} int64 prices, index the instrument")
        return int(pull(self._state.sheet, self._tables.bands, last_prices))

    @property
    def clock(self) -> int:
        """Everything before this time has been given out (nanoseconds since the epoch)."""
        return self._hours.start_ns + self._slot * SECOND_NS

    @property
    def hours(self) -> Hours:
        """When the parts of the day begin."""
        return self._hours

    def defects(self) -> dict[str, int]:
        """How many deliberate defects have been sent so far, by name; the core must have refused each."""
        first = int(Count.BAD)
        found = self._state.counters[first + 1 : first + 1 + BAD_KINDS]
        return {Bad(at).name: int(count) for at, count in enumerate(found, 1)}

    def _play(self) -> Records:
        state, counters = self._state, self._state.counters
        if counters[Count.FREE_LEFT] < places_for(self._tables, self._slot):
            self._grow()
            state = self._state
        size = max(self.config.batch + 4096, int(room_for(state, self._tables, self._slot)))
        out = np.zeros(size, ORDER)
        counters[Count.OUT] = 0
        hours = self._hours
        self._slot = int(
            run(state, self._tables, out, out.view(QUOTE), hours.start_ns, self._slot, hours.slots, self.config.batch)
        )
        return out[: int(counters[Count.OUT])]

    def _grow(self) -> None:
        """Doubles the places of pending actions."""
        old = self._state.pending
        pending = np.zeros(2 * len(old), PENDING)
        pending[: len(old)] = old
        counters = self._state.counters
        link_free(pending, len(old), int(counters[Count.FREE]))
        counters[Count.FREE] = len(old)
        counters[Count.FREE_LEFT] += len(old)
        self._state = self._state._replace(pending=pending, heap=np.zeros(len(pending), np.int64))

    def _make_tables(self) -> Tables:
        config, hours, real = self.config, self._hours, calibration()
        bands = band_array(config.day)
        lines = {number: line.line for number, line in provider_lines(self.lines).items()}
        self._sheet = make_sheet(self.instruments, config, bands, lines)
        news = range(hours.open + 360, hours.closing - 600)
        return Tables(
            bands=bands,
            lookup=make.make_lookup(self.instruments),
            who=make.make_who(self.lines, config.seed),
            shocks=make_shocks(self.instruments, self._sheet, config, news),
            counts=make.make_counts(config, hours),
            stages=make.make_stages(hours),
            ends=make.make_ends(hours, hours.start_ns),
            gaps=make.as_ints(real.gap_permille),
            lives=make.as_ints(real.life_ms),
            lots=np.array([real.lots_cheap, real.lots_middle, real.lots_dear], np.int64),
            distances=_both(real.coarse, real.fine, "distance_ticks"),
            overreach=_both(real.coarse, real.fine, "overreach_ticks"),
            opening=make.as_ints(real.opening_bp),
            odd=make.as_ints(real.odd_shares),
            rates=make.make_rates(config),
            speeds=make.make_speeds(hours),
        )

    def _make_state(self) -> State:
        pending = np.zeros(FIRST_PLACES, PENDING)
        link_free(pending, 0, -1)
        counters = np.zeros(Count.SIZE, np.int64)
        counters[Count.NEXT_ORDER_NO] = 1
        counters[Count.FREE_LEFT] = len(pending)
        wheel = np.zeros((self._hours.slots + 1, 2), np.int64)
        wheel[:, 0] = -1
        busiest = int(self._tables.counts.sum(axis=0).max())
        return State(
            sheet=self._sheet,
            pending=pending,
            wheel=wheel,
            heap=np.zeros(len(pending), np.int64),
            moments=np.zeros(busiest + 1, np.int64),
            left=np.zeros(STREAMS, np.int64),
            ids=np.zeros(len(self.lines) + 1, np.int64),
            counters=counters,
            rng=seeded(self.config.seed, 7),
            world=seeded(self.config.seed, 8),
        )


def link_free(pending: Records, first: int, after: int) -> None:
    """Links the places from `first` on, the last one to `after`."""
    pending["next"][first:] = np.arange(first + 1, len(pending) + 1)
    pending["next"][-1] = after


def merge(commands: Records, scheduled: Records) -> Records:
    """Both in time order; at one time what is scheduled comes first."""
    if not len(scheduled):
        return commands
    at = np.searchsorted(commands["time"], scheduled["time"], "left") + np.arange(len(scheduled))
    out = np.empty(len(commands) + len(scheduled), WHOLE)
    ours = np.ones(len(out), np.bool_)
    ours[at] = False
    out[at] = scheduled.view(WHOLE)
    out[ours] = commands.view(WHOLE)
    return out.view(commands.dtype)


def _both(coarse: Placement, fine: Placement, name: str) -> Ints:
    return np.array([getattr(coarse, name), getattr(fine, name)], np.int64)
