"""What is generated is what would be generated now. The cure is the same command without --check."""

import subprocess
import sys

import pytest

from tests.tidy.tree import ROOT


@pytest.mark.parametrize("script", ["make_format", "make_golden", "make_vectors"])
def test_generated_files_are_fresh(script: str) -> None:
    command = [sys.executable, f"scripts/{script}.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `python scripts/{script}.py`: {done.stderr}"
