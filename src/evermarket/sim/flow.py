"""The flow of commands: plays the day second by second, arrivals and waiting actions merged in time order.

Invariants: times never go back; a second is written whole or not at all, so the buffer's size never changes what is
written. Units: slots are seconds from `start` (nanoseconds since the epoch).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import entry, kernel
from evermarket.sim.acting import act, enter, enter_block, quote, request
from evermarket.sim.kernels import below
from evermarket.sim.state import Count, State, Stream, Tables
from evermarket.sim.waiting import gather, heap_pop
from evermarket.sim.world import start_shocks, walk

Rows = npt.NDArray[np.void]

_OUT: Final = int(Count.OUT)
_HEAP: Final = int(Count.HEAP)
_LEFT: Final = int(Count.FREE_LEFT)
_TURN: Final = int(Count.ROUND_ROBIN)
_SECOND: Final = 1_000_000_000
_STRIDE: Final = 7919
"""Odd, so that it visits every entry of a table of 2^n."""

_BLOCK: Final = int(Stream.BLOCK)
_PAIRED: Final = int(Stream.BLOCK_PAIRED)
_QUOTE: Final = int(Stream.QUOTE)
_REQUEST: Final = int(Stream.REQUEST)
_STREAMS: Final = len(Stream)


@kernel
def arrivals_in(tables: Tables, slot: int) -> int:
    """Arrivals of one second."""
    total = 0
    for stream in range(_STREAMS):
        total += tables.counts[stream, slot]
    return total


@entry
def room_for(state: State, tables: Tables, slot: int) -> int:
    """Most commands one second can write: each arrival or action leads to at most five more within it."""
    return 6 * (arrivals_in(tables, slot) + state.wheel[slot, 1]) + 16  # type: ignore[no-any-return]


@entry
def places_for(tables: Tables, slot: int) -> int:
    """Most places among the pending actions one second can need."""
    return 2 * arrivals_in(tables, slot) + 16


@entry
def run(state: State, tables: Tables, out: Rows, quotes: Rows, start: int, first: int, last: int, enough: int) -> int:
    """Plays seconds from `first` until `last`, until `enough` commands, or until room may not suffice.

    Returns the second that comes next; the caller has made sure that one second fits.
    The commands lie in `out` (the same bytes as `quotes`); counters[OUT] says how many.
    """
    counters = state.counters
    for slot in range(first, last):
        if counters[_OUT] >= enough or counters[_OUT] + room_for(state, tables, slot) > len(out):
            return slot
        if counters[_LEFT] < places_for(tables, slot):
            return slot
        play(state, tables, out, quotes, start, slot)
    return last


@kernel
def play(state: State, tables: Tables, out: Rows, quotes: Rows, start: int, slot: int) -> None:
    """One second."""
    counters = state.counters
    if tables.speeds[slot] > 0:
        start_shocks(state.sheet, tables.shocks, counters, slot)
        walk(state.sheet, tables.bands, state.world, tables.speeds[slot])
    counters[_HEAP] = gather(state.pending, state.wheel, state.heap, start, slot)
    total = arrivals_in(tables, slot)
    length = _moments(state, tables, slot, total)
    base = start + slot * _SECOND
    arrived = 0
    while arrived < total or counters[_HEAP] > 0:
        moment = state.moments[arrived] * _SECOND // length if arrived < total else _SECOND
        if counters[_HEAP] > 0 and state.heap[0] >> 32 <= moment:
            key = state.heap[0]
            counters[_HEAP] = heap_pop(state.heap, counters[_HEAP])
            act(state, tables, out, quotes, key & 0xFFFF_FFFF, base + (key >> 32), start, slot)
        else:
            arrive(state, tables, out, quotes, _stream(state, total - arrived), base + moment, start, slot)
            arrived += 1


@kernel
def _moments(state: State, tables: Tables, slot: int, total: int) -> int:
    """Draws the gaps between a second's arrivals; returns the length they add up to."""
    for stream in range(_STREAMS):
        state.left[stream] = tables.counts[stream, slot]
    length = 0
    for at in range(total):
        length += tables.gaps[below(state.rng, len(tables.gaps))]
        state.moments[at] = length
    return length + 1 + tables.gaps[below(state.rng, len(tables.gaps))]  # type: ignore[no-any-return]


@kernel
def _stream(state: State, left: int) -> int:
    """Which stream the next arrival belongs to, so that each gets exactly its number."""
    roll = below(state.rng, left)
    stream = 0
    while roll >= state.left[stream]:
        roll -= state.left[stream]
        stream += 1
    state.left[stream] -= 1
    return stream


@kernel
def _quoted_row(state: State, tables: Tables) -> int:
    """Every second quote goes round all quoted securities, so that each provider keeps its duty; others by demand."""
    turn = state.counters[_TURN]
    state.counters[_TURN] = turn + 1
    length = tables.lookup.shape[1]
    if turn & 1:
        return int(tables.lookup[_QUOTE, turn // 2 * _STRIDE % length])
    return int(tables.lookup[_REQUEST, below(state.rng, length)])


@kernel
def arrive(
    state: State, tables: Tables, out: Rows, quotes: Rows, stream: int, time: int, start: int, slot: int
) -> None:
    """One arrival."""
    if stream == _QUOTE:
        quote(state, tables, quotes, _quoted_row(state, tables), time)
    elif stream == _REQUEST:
        request(state, tables, out, stream, time, start, slot)
    elif stream in (_BLOCK, _PAIRED):
        enter_block(state, tables, out, stream, time, start, slot)
    else:
        enter(state, tables, out, stream, time, start, slot)
