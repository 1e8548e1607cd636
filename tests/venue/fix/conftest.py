"""Every test of this folder runs the core: its kernels are compiled before the first."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _compiled(kernels: None) -> None:
    """See `kernels` in tests/conftest.py."""
