"""Venues run cores in processes of their own: the kernels are compiled before the first of them starts."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _compiled(kernels: None) -> None:
    """See `kernels` in tests/conftest.py."""
