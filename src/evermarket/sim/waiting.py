"""Pending actions: a list for each second of the day, and a small heap for the second being played.

Invariants: a key is nanoseconds within the second times 2^32 plus the action's place, so equal times have one order;
an action beyond its stream's end is never kept. Units: slots are seconds from the day's start.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import kernel
from evermarket.sim.kernels import Ints
from evermarket.sim.state import Count

_FREE: Final = int(Count.FREE)
_LEFT: Final = int(Count.FREE_LEFT)
_SECOND: Final = 1_000_000_000

Rows = npt.NDArray[np.void]


@kernel
def take_free(pending: Rows, counters: Ints) -> int:
    """A free place; the caller has made sure that there is one."""
    at = counters[_FREE]
    assert at >= 0
    counters[_FREE] = pending[at]["next"]
    counters[_LEFT] -= 1
    return at  # type: ignore[no-any-return]


@kernel
def give_free(pending: Rows, at: int, counters: Ints) -> None:
    """A place is free again."""
    pending[at]["next"] = counters[_FREE]
    counters[_FREE] = at
    counters[_LEFT] += 1


@kernel
def heap_push(heap: Ints, size: int, key: int) -> int:
    """Adds a key; returns the new size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if heap[parent] <= key:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = key
    return size + 1


@kernel
def heap_pop(heap: Ints, size: int) -> int:
    """Takes the smallest key away; returns the new size. The caller has read heap[0]."""
    size -= 1
    key = heap[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key
    return size


@kernel
def schedule(pending: Rows, at: int, wheel: Ints, heap: Ints, size: int, start: int, slot: int) -> int:
    """Puts an action where its time belongs: this second's heap or a later second's list. Returns the heap's size."""
    time = pending[at]["time"]
    due = (time - start) // _SECOND
    if due == slot:
        return heap_push(heap, size, (time - start - slot * _SECOND) << 32 | at)
    pending[at]["next"] = wheel[due, 0]
    wheel[due, 0] = at
    wheel[due, 1] += 1
    return size


@kernel
def gather(pending: Rows, wheel: Ints, heap: Ints, start: int, slot: int) -> int:
    """Moves a second's list into the heap; returns its size."""
    size = 0
    at = wheel[slot, 0]
    while at >= 0:
        following = pending[at]["next"]
        size = heap_push(heap, size, (pending[at]["time"] - start - slot * _SECOND) << 32 | at)
        at = following
    wheel[slot, 0] = -1
    wheel[slot, 1] = 0
    return size
