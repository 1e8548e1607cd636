"""How soon the end of a process is seen, and what a process forgets so that its end comes soon."""

import os
import subprocess
import sys

from evermarket.continuity.venue.supervisor import is_exiting

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
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not is_exiting(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_exiting(process.pid)
        process.wait()
        assert not is_exiting(process.pid)


def test_a_core_that_has_forgotten_its_compiler_can_compile() -> None:
    subprocess.run([sys.executable, "-c", FORGETFUL], check=True)
