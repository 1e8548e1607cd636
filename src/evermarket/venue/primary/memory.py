"""What a core's process does not carry through the day, so that neither its life nor its end stops the market."""

import ctypes
import gc
import mmap
from pathlib import Path


def forget_garbage() -> None:
    """What stands when the doors open stays for the day: a collector that walks it stops the market for 100 ms."""
    gc.collect()
    gc.freeze()


def forget_the_compiler() -> None:
    """Unmap what was read of LLVM's code, some 50 MB; what is needed again comes from the page cache.

    The kernel frees the memory of a process that dies page by page before it closes its sockets: members hear of the
    end only then, so each page costs them time at the worst moment.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text("utf-8").splitlines():
        where, modes, *_, name = line.split()
        if "libllvmlite" in name and "x" in modes:
            start, end = (int(address, 16) for address in where.split("-"))
            libc.madvise(start, end - start, mmap.MADV_DONTNEED)
