"""Primaries by the dozen: a process that has loaded and compiled everything forks a core for each line that it reads.

A line of standard input is the path of a core's settings. The core's process says `PID` and waits for SIGUSR1, then
lives as `python -m evermarket.venue.primary` does; when it has ended, `PID CODE` is said.
"""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evermarket.continuity.venue.plan import PRIMARY
from evermarket.records.kinds import Make
from evermarket.venue.primary.process import main
from evermarket.venue.primary.settings import read_settings
from evermarket.venue.primary.warm import warm_up
from evermarket.venue.protocol.body import Settings
from evermarket.venue.protocol.frames import CoreName, JournalSeal


class Nursery:
    """Its caller's end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def born(self, settings: Path) -> int:
        """A new core's process, waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{settings}\n")
        self._process.stdin.flush()
        return int(self._line())

    def code(self, pid: int) -> int:
        """The exit code of the last one born, once it has ended."""
        number, code = self._line().split()
        assert int(number) == pid
        return int(code)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def a_nursery() -> Iterator[Nursery]:
    argv = [sys.executable, "-m", "tests.systems.drills.nursery"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


def serve() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    for line in sys.stdin:
        settings = read_settings(Path(line.strip()))
        if not (pid := os.fork()):
            signal.sigwait([signal.SIGUSR1])
            code = 1
            try:
                code = main(settings)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{pid} {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    warm_up(Settings(PRIMARY, (PRIMARY,), JournalSeal(0, {PRIMARY: CoreName(1, Make.PRIMARY)})))
    serve()
