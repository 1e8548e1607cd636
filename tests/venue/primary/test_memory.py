"""Memory that is ready before it is written: whoever writes waits for no page."""

import mmap
import resource

import numpy as np

from evermarket.core import Core
from evermarket.core.state import Array
from evermarket.venue.primary.memory import HUGE_BYTES, Ahead
from evermarket.venue.protocol.flow import Flow

ROWS = 8 << 20
PAGES = HUGE_BYTES // mmap.PAGESIZE


def small_pages(rows: int) -> Array:
    """Reserved bytes in small pages, whatever this machine makes of large areas: their faults can be counted."""
    area = mmap.mmap(-1, rows, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(area, np.uint8)


def faults_of(array: Array, start: int) -> int:
    """Pages that had to be found while a huge page's worth of bytes was written from byte `start` on."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    array[start : start + HUGE_BYTES] = 1
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def ready(*looks: tuple[str, Array, int]) -> None:
    ahead = Ahead()
    for look in looks:
        ahead.look([look])
    ahead.close()


def test_what_is_written_next_is_ready_and_what_was_written_stays() -> None:
    array = small_pages(ROWS)
    array[:10] = 7
    ready(("a", array, 10), ("a", array, HUGE_BYTES), ("a", array, HUGE_BYTES + 1))
    assert array[:10].tolist() == [7] * 10
    assert not array[10:].any()
    assert faults_of(array, 0) < PAGES // 8
    assert faults_of(array, HUGE_BYTES) < PAGES // 8
    assert faults_of(array, 2 * HUGE_BYTES) >= PAGES // 8


def test_nothing_is_taken_for_what_is_not_used_and_all_again_for_another_array_of_the_name() -> None:
    first, second, unused = (small_pages(ROWS) for _ in range(3))
    ready(("a", first, 1), ("a", second, 1), ("b", unused, 0))
    assert faults_of(second, 0) < PAGES // 8
    assert faults_of(unused, 0) >= PAGES // 8


def test_an_array_ends_where_it_ends() -> None:
    array = small_pages(5_000)
    ready(("a", array, 5_000), ("a", array[1:4_000], 1))
    assert not array.any()


def test_every_array_that_grows_with_the_day_is_told() -> None:
    names = [name for name, _, _ in (*Core().areas(), *Flow().areas())]
    told = set(names)
    assert len(told) == len(names), "one of them would be taken for another"
    assert {"orders", "owners", "levels", "pages", "slots", "window", "out"} <= told
    assert {"order_line", "senders", "positions", "public_positions", "ids"} <= told
