"""What is done to a venue's processes, disks and lines, and for how long."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from tests.systems.drills.wire import Wire


@dataclass(frozen=True)
class Fault:
    """`kind` names a function below; `at` is the share of the day that has passed; it lasts `seconds` of real time."""

    kind: str
    at: float
    seconds: float


@dataclass
class Scene:
    """A venue that runs, and the lines that a test holds in its hands."""

    plan: VenuePlan
    supervisor: subprocess.Popen[bytes]
    follower_line: Wire
    member_lines: tuple[Wire, ...]

    def pid(self, name: str) -> int:
        """Of the present life of a process."""
        return int((self.plan.folder / f"{name}.pid").read_text("utf-8"))

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the present life of a process; one that has ended gets none."""
        with suppress(ProcessLookupError, OSError, ValueError):
            os.kill(self.pid(name), number)


def kill(scene: Scene, fault: Fault) -> None:
    """kill -9 of the primary."""
    scene.signal(PRIMARY, signal.SIGKILL)


def hang(scene: Scene, fault: Fault) -> None:
    """The primary hangs, and wakes."""
    scene.signal(PRIMARY, signal.SIGSTOP)
    time.sleep(fault.seconds)
    scene.signal(PRIMARY, signal.SIGCONT)


def freeze_twin(scene: Scene, fault: Fault) -> None:
    """The twin hangs, and wakes."""
    scene.signal(TWIN, signal.SIGSTOP)
    time.sleep(fault.seconds)
    scene.signal(TWIN, signal.SIGCONT)


def kill_twin(scene: Scene, fault: Fault) -> None:
    scene.signal(TWIN, signal.SIGKILL)


def kill_both(scene: Scene, fault: Fault) -> None:
    """Both cores' processes end at the same moment."""
    scene.signal(TWIN, signal.SIGKILL)
    scene.signal(PRIMARY, signal.SIGKILL)


def kill_conductor(scene: Scene, fault: Fault) -> None:
    """Whoever plays the exchange's part dies."""
    scene.signal("conductor", signal.SIGKILL)


def fill_disk(scene: Scene, fault: Fault) -> None:
    """The primary's disk is full: what it has prewritten is all that it gets."""
    ballast = scene.plan.own(PRIMARY) / "ballast"
    with suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(bytes(1 << 16))
            file.flush()


def cut_cores(scene: Scene, fault: Fault) -> None:
    """Silence between the cores, both ways, for a while."""
    scene.follower_line.cut()
    time.sleep(fault.seconds)
    scene.follower_line.mend()


def cut_one_way(scene: Scene, fault: Fault) -> None:
    """The twin hears the primary and is not heard."""
    scene.follower_line.cut("there")
    time.sleep(fault.seconds)
    scene.follower_line.mend()


def reset_members(scene: Scene, fault: Fault) -> None:
    """Every member's connection ends."""
    for wire in scene.member_lines:
        wire.reset()


def lose_answers(scene: Scene, fault: Fault) -> None:
    """Answers are lost with their connections."""
    for wire in scene.member_lines:
        wire.lose_answers(20)


KINDS: dict[str, tuple[Callable[[Scene, Fault], None], int]] = {
    "kill": (kill, 5),
    "hang": (hang, 3),
    "freeze_twin": (freeze_twin, 3),
    "kill_twin": (kill_twin, 2),
    "kill_both": (kill_both, 1),
    "kill_conductor": (kill_conductor, 2),
    "fill_disk": (fill_disk, 2),
    "cut_cores": (cut_cores, 2),
    "cut_one_way": (cut_one_way, 2),
    "reset_members": (reset_members, 2),
    "lose_answers": (lose_answers, 2),
}
"""How it is made, and how often it is drawn."""


def through(folder: Path, binary: Path, old: str, new: str) -> Path:
    """The twin's program with one of its words replaced: it is told another address for the primary's line."""
    path = folder / "twin"
    words = f'for word do shift; [ "$word" = "{old}" ] && word={new}; set -- "$@" "$word"; done'
    path.write_text(f'#!/bin/sh\n{words}\nexec "{binary}" "$@"\n', "utf-8")
    path.chmod(0o755)
    return path
