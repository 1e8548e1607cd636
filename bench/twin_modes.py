"""The twin's modes: `python bench/twin_modes.py WORKLOAD [FOLDER]`, one JSON line a figure. Asserts nothing.

WORKLOAD is a file of the common generator, two million messages or more; the primary makes a journal of it in blocks of
4,096 commands in FOLDER (default: a temporary one), untimed. replay and recover are whole processes, from start to end,
every record and digest compared, best of three. FOLDER's disk matters: recover writes and syncs its copy.
"""

import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from evermarket.day.cores import open_core
from evermarket.journal import DayFacts, Journal, JournalWriter
from evermarket.twin import find_binary
from match import of_messages

RUNS = 3
PROMOTIONS = 20
BATCH = 4_096


def say(figure: str, **facts: object) -> None:
    print(json.dumps({"bench": "twin modes", "figure": figure, **facts}), flush=True)


def journal(workload: Path, folder: Path, messages: int | None = None) -> int:
    """The workload as the primary's journal; its commands."""
    work = of_messages(workload, BATCH)
    core = open_core("primary")
    commands = 0
    with JournalWriter.create(folder, DayFacts(20261120)) as writer:
        writer.begin_epoch(1, owner=1, make=1, time=1)
        for part in [work.start, *work.timed]:
            if messages is not None and commands >= messages:
                break
            writer.append(np.ascontiguousarray(core.run(part)), int(core.digest))
            commands += len(part)
    return commands


def seconds(*words: str | Path) -> tuple[float, float]:
    """One whole process: seconds from start to end, and processor time of all its threads."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([find_binary(), *words], check=True, capture_output=True)
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rates(folder: Path, owner: Path, commands: int) -> None:
    for figure, words in (
        ("replay, 2 threads", ["replay", owner]),
        ("replay, 1 thread", ["replay", owner, "--threads", "1"]),
        ("replay, nothing compared", ["replay", owner, "--no-compare"]),
        ("recover", ["recover", folder / "own", "--file", owner, "--once"]),
        ("recover and settle", ["recover", folder / "own", "--file", owner, "--once", "--settlement", folder / "out"]),
    ):
        spent_s = []
        for _ in range(RUNS):
            subprocess.run(["rm", "-rf", folder / "own", folder / "out"], check=True)
            spent_s.append(seconds(*words))
        wall_s, cpu_s = min(spent_s)
        facts = {"seconds": round(wall_s, 3), "cpu_s": round(cpu_s, 3), "commands_per_s": round(commands / wall_s)}
        say(figure, commands=commands, **facts)


def asked(control: Path, words: str) -> dict[str, object]:
    """One line of the control socket, once it is there."""
    while True:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(control))
            except OSError:
                time.sleep(0.001)
                continue
            line.sendall(words.encode() + b"\n")
            answer: dict[str, object] = json.loads(line.makefile().readline())
            return answer


def promotions(folder: Path, owner: Path) -> None:
    """From the line on the control socket to its answer: promise and EPOCH record durable; the twin's own too."""
    position = max(block.position for block in Journal.open(owner).blocks())
    own_us, seen_us = [], []
    for _ in range(PROMOTIONS):
        subprocess.run(["rm", "-rf", folder / "own"], check=True)
        words = ["recover", folder / "own", "--file", owner, "--control", folder / "control", "--listen", "127.0.0.1:0"]
        with subprocess.Popen([find_binary(), *words], stderr=subprocess.DEVNULL) as process:
            while asked(folder / "control", "status").get("position") != position:
                time.sleep(0.001)
            began = time.perf_counter()
            answer = asked(folder / "control", f"promote 2 7 {position}")
            seen_us.append(round((time.perf_counter() - began) * 1e6))
            own_us.append(int(str(answer["promote_us"])))
            process.kill()
    for figure, spent in (("promote, measured by the twin", own_us), ("promote, seen by who asked", seen_us)):
        say(figure, runs=PROMOTIONS, us_min=min(spent), us_median=median(spent), us_max=max(spent))


def main() -> None:
    workload = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as place:
        folder = Path(place)
        rates(folder, folder / "owner", journal(workload, folder / "owner"))
        journal(workload, folder / "small", 50_000)
        promotions(folder, folder / "small")


if __name__ == "__main__":
    main()
