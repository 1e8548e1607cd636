"""A venue's processes as its supervisor's children: how each is started, how its end is seen."""

import asyncio
import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Final

from evermarket.continuity.venue.plan import PRIMARY, SERVICES, TWIN, VenuePlan
from evermarket.twin import find_binary

ENDING_S: Final = 0.002
PF_EXITING: Final = 4
HUGE_PAGES: Final = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""A process of fewer pages ends sooner."""


@dataclass
class Child:
    """One process by name: how it is started, and its present life."""

    name: str
    argv: list[str]
    process: subprocess.Popen[bytes] | None = None
    lives: int = 0
    is_done: bool = False
    ended_ns: int = field(default=0)
    _handle: int = -1
    """A pidfd of the present life: it stays true whoever waits for the process first."""

    def start(self, folder: Path) -> None:
        """A life of it, with its words in FOLDER/logs and its number in FOLDER/NAME.pid. Errors: OSError."""
        with (folder / "logs" / f"{self.name}.log").open("ab") as log:
            environment = os.environ | HUGE_PAGES
            self.process = subprocess.Popen(
                self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )
        self._handle = os.pidfd_open(self.process.pid)
        self.lives += 1
        (folder / f"{self.name}.pid").write_text(str(self.process.pid), "utf-8")

    async def ending(self) -> None:
        """Until the process begins to end. The kernel frees its memory next, and only then closes its sockets and tells
        its parent: 10 to 40 ms in which the market would stand still."""
        assert self.process is not None
        with contextlib.suppress(OSError), FileIO(f"/proc/{self.process.pid}/stat") as stat:
            while not is_exiting(stat):
                await asyncio.sleep(ENDING_S)

    async def ended(self) -> int:
        """Until it is gone; its exit code."""
        assert self.process is not None
        gone, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._handle, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._handle)
            os.close(self._handle)
        return self.process.wait()


def is_exiting(stat: FileIO) -> bool:
    """Whether a process has begun to end, from its /proc/PID/stat (proc(5), `flags`). Errors: OSError, it is gone."""
    fields = os.pread(stat.fileno(), 1_024, 0).rpartition(b")")[2].split()
    return bool(int(fields[6]) & PF_EXITING)


def commands(plan: VenuePlan) -> list[Child]:
    """Every process of a venue."""
    folder = str(plan.folder)
    primary, twin = plan.cores
    own = plan.own(TWIN)
    clock = plan.clock
    follow = [
        *(str(find_binary()), "recover", str(own / "journal"), "--tcp", primary.lines),
        *("--control", str(own / "control"), "--status", str(own / "status.json")),
        *("--door", twin.door, "--secret", str(plan.folder / "secret"), "--lines-at", twin.lines),
        *("--rate", str(plan.rate), "--clock", f"{clock.real_ns}:{clock.market_ns}:{clock.speed}"),
    ]
    for address in plan.relays:
        follow += ["--relay", address]
    python = [sys.executable, "-m"]
    room = "evermarket.continuity.venue"
    services = {name: f"{room}.{name}_process" for name in SERVICES} | {"crowd": f"{room}.crowd"}
    children = [
        Child(PRIMARY, [*python, "evermarket.venue.primary", str(plan.folder / "P.json")]),
        Child(TWIN, follow),
        Child("conductor", [*python, f"{room}.conductor", folder]),
    ]
    return children + [Child(name, [*python, services[name], folder]) for name in plan.services]
