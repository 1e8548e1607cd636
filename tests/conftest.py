"""How the whole suite runs: kernels check their bounds, and only one process at a time compiles them.

NUMBA_BOUNDSCHECK turns an index past the end of an array into an IndexError; without it a kernel reads garbage. The
core puts the flag into the name of its cache (core/jit.py), so checked kernels and those of `make demo` never mix. It
must be set before `evermarket.core` is imported: here, before any test module. Processes that tests start inherit it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("NUMBA_BOUNDSCHECK", "1")

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Only one process at a time is inside; the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def kernels() -> None:
    """The core's kernels are compiled: by the first process that asks, loaded from its cache by the others.

    A folder whose tests run the core asks for it once: see tests/core/conftest.py.
    """
    from evermarket.core import warm_up
    from evermarket.core.jit import JIT, cache_dir

    if not JIT:
        return
    with alone(cache_dir() / "compiling.lock"):
        warm_up()
