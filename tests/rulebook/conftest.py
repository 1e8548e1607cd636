"""Where the real data lie: EVERMARKET_SHARED, or the folder `shared` beside the repository; absent, tests skip."""

import csv
import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def _shared_file(relative: str) -> Path:
    root = Path(os.environ.get("EVERMARKET_SHARED", REPOSITORY.parent / "shared"))
    path = root / "data" / relative
    if not path.exists():
        pytest.skip(f"real data not here: {path} (set EVERMARKET_SHARED to the folder that holds data/)")
    return path


@pytest.fixture
def shared_rows() -> Callable[[str], list[dict[str, str]]]:
    """Rows of a CSV file (plain or .gz) below the shared data folder."""

    def read(relative: str) -> list[dict[str, str]]:
        path = _shared_file(relative)
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return list(csv.DictReader(io.StringIO(text.decode("utf-8"))))

    return read
