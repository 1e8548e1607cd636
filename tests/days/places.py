"""Where the real data lie, and the core that runs them."""

import os
from pathlib import Path

import pytest

from evermarket.day.cores import open_core
from evermarket.day.runner import MatchingCore

REPOSITORY = Path(__file__).resolve().parents[2]


def shared(relative: str) -> Path:
    """A file or folder of the real data; the test is skipped, and says why, where they are absent."""
    path = Path(os.environ.get("EVERMARKET_SHARED", REPOSITORY.parent / "shared")) / "data" / relative
    if not path.exists():
        pytest.skip(f"real data not here: {path} (set EVERMARKET_SHARED to the folder that holds data/)")
    return path


def real_core(name: str = "primary") -> MatchingCore:
    """A core of the house, by its make."""
    return open_core(name)
