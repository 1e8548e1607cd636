"""The tests of this folder run the core and the fold: their kernels are compiled before the first."""

import numpy as np
import pytest

from evermarket.core.jit import JIT, cache_dir
from evermarket.records import HEADER
from evermarket.venue.feed.book import FeedFold
from tests.conftest import alone


@pytest.fixture(scope="session", autouse=True)
def _compiled(kernels: None) -> None:
    """See `kernels` in tests/conftest.py; the fold's own come on top."""
    if JIT:
        with alone(cache_dir() / "compiling.lock"):
            FeedFold().take(np.zeros(0, HEADER))
