"""The memory of a core's process: what is ready beforehand and what is let go, so that neither its growth nor the
process's end stops the market."""

import ctypes
import gc
import mmap
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt

HUGE_BYTES: Final = 2 << 20
"""Of a huge page. At least half of one more than is used of an array is ready."""

_POPULATE_WRITE: Final = 23
"""MADV_POPULATE_WRITE of Linux 5.14; an older one refuses it, and nothing is ready beforehand."""

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class Ahead:
    """Takes memory before it is written for the first time, on a thread of its own.

    The core's and the flow's arrays are reserved for a whole day and taken with use. Whoever first writes to a page
    waits until the kernel has found and cleared it, and where the machine is a guest until its host has: 4 to 8 ms for
    a huge page, in which the market stood still.
    """

    def __init__(self) -> None:
        self._ready: dict[str, tuple[npt.NDArray[Any], int]] = {}
        self._thread = ThreadPoolExecutor(1, "memory")

    def look(self, areas: Iterable[tuple[str, npt.NDArray[Any], int]]) -> None:
        """Have the next memory of arrays taken: name, array, how many of its rows are used; nothing of one that is not
        used at all. To be called again and again; an array may be replaced by another one of its name."""
        for name, array, rows in areas:
            known, ready = self._ready.get(name, (None, 0))
            start = ready if known is array else 0
            wanted = min(array.nbytes, rows * array.strides[0] + HUGE_BYTES // 2)
            if rows and start < wanted:
                end = min(array.nbytes, wanted + -wanted % HUGE_BYTES)
                self._ready[name] = (array, end)
                self._thread.submit(_populate, array, start, end)

    def close(self) -> None:
        self._thread.shutdown()


def _populate(array: npt.NDArray[Any], start: int, end: int) -> None:
    """Whole pages of these bytes of an array; what they hold stays."""
    low, high = array.ctypes.data + start, array.ctypes.data + end
    low += -low % mmap.PAGESIZE
    if low < high:
        _libc.madvise(low, high - low - high % mmap.PAGESIZE, _POPULATE_WRITE)


def forget_garbage() -> None:
    """What stands when the doors open stays for the day: a collector that walks it stops the market for 100 ms."""
    gc.collect()
    gc.freeze()


def forget_the_compiler() -> None:
    """Unmap what was read of LLVM's code, some 50 MB; what is needed again comes from the page cache.

    The kernel frees the memory of a process that dies page by page before it closes its sockets: members hear of the
    end only then, so each page costs them time at the worst moment.
    """
    for line in Path("/proc/self/maps").read_text("utf-8").splitlines():
        where, modes, *_, name = line.split()
        if "libllvmlite" in name and "x" in modes:
            start, end = (int(address, 16) for address in where.split("-"))
            _libc.madvise(start, end - start, mmap.MADV_DONTNEED)
