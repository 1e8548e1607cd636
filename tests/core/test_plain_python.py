"""Compiled or not, the kernels give the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def printed(**environment: str) -> list[str]:
    """What tests/core/plain.py says in a process of its own."""
    command = [sys.executable, "-m", "tests.core.plain", "300", "8"]
    clean = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    done = subprocess.run(command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_plain_python_gives_the_bytes_that_the_compiled_kernels_give() -> None:
    compiled = printed()
    assert len(compiled) == 9
    assert printed(NUMBA_DISABLE_JIT="1") == compiled
