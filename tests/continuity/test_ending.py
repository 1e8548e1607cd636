"""How soon the end of a process is seen, and what a process forgets so that its end comes soon."""

import asyncio
import os
import subprocess
import sys
from io import FileIO
from pathlib import Path

import pytest

from evermarket.continuity.venue.children import Child, is_exiting

FORGETFUL = """
import numpy as np, numba
from evermarket.venue.primary.memory import forget_the_compiler
double = numba.njit(lambda x: x + x)
assert double(2) == 4
def mapped():
    rss, is_code = 0, False
    for line in open("/proc/self/smaps"):
        words = line.split()
        if "-" in words[0]:
            is_code = "libllvmlite" in words[-1] and "x" in words[1]
        elif words[0] == "Rss:" and is_code:
            rss += int(words[1])
    return rss
before = mapped()
forget_the_compiler()
assert mapped() < before // 4, (before, mapped())
triple = numba.njit(lambda x: x + x + x)
assert triple(np.int64(2)) == 6
"""


def test_a_process_that_is_killed_is_seen_to_end_before_anybody_has_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with process, FileIO(f"/proc/{process.pid}/stat") as stat:
        assert not is_exiting(stat)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_exiting(stat)
        process.wait()
        with pytest.raises(ProcessLookupError):
            is_exiting(stat)


@pytest.mark.parametrize(("code", "expected"), [("", 0), ("raise SystemExit(4)", 4), ("os.kill(os.getpid(), 9)", -9)])
def test_a_child_is_waited_for_to_its_end(tmp_path: Path, code: str, expected: int) -> None:
    async def lived(*, is_waited_for: bool) -> int:
        child = Child("it", [sys.executable, "-c", f"import os; {code}"])
        child.start(tmp_path)
        await child.ending()
        if is_waited_for:
            assert child.process is not None
            child.process.wait()  # as whoever asks whether it lives may do first
        return await child.ended()

    (tmp_path / "logs").mkdir()
    assert [asyncio.run(lived(is_waited_for=first)) for first in (False, True)] == [expected] * 2


def test_a_core_that_has_forgotten_its_compiler_can_compile() -> None:
    subprocess.run([sys.executable, "-c", FORGETFUL], check=True)
