"""Whole days through the core alone: `python bench/days.py`. Commands are made first, then timed in batches of 4,096.

Real Shanghai days (../shared/data/l2_sse) and a simulated board of 1,200 securities, run again from the commands of
their stream, so this is the replay rate too. Best of five; processor time of the matching thread.
"""

import json
import time
from itertools import pairwise

import numpy as np

from evermarket.cli.demo import real_days
from evermarket.core import Core, warm_up
from evermarket.day.opening import open_source
from evermarket.day.runner import Runner
from evermarket.records import HEADER, Kind, Records
from evermarket.records.kinds import FIRST_EVENT

BATCH = 4_096


class Kept:
    """A sink that keeps the commands of the stream and counts its records."""

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.records = 0

    def take(self, stream: Records, digest: int) -> None:
        whole = stream.view("V64")
        self.parts.append(whole[stream["kind"] < FIRST_EVENT].copy())
        self.records += len(stream)


def figure(name: str) -> None:
    kept = Kept()
    first = Core()
    Runner(first, [kept], []).run(open_source(name, {"orders": 500_000, "instruments": 1_200}))
    commands = np.concatenate(kept.parts).view(HEADER)
    heads = np.flatnonzero(commands["kind"] != Kind.TEXT)  # a run of records stays in one batch
    cuts = [*heads[::BATCH].tolist(), len(commands)]
    best = float("inf")
    for _ in range(5):
        core = Core()
        begin = time.thread_time()
        for at, end in pairwise(cuts):
            core.run(commands[at:end])
        best = min(best, time.thread_time() - begin)
    facts = {"commands": len(commands), "records": kept.records, "commands_per_s": round(len(commands) / best)}
    same = core.digest == first.digest and core.position == first.position
    print(json.dumps({"bench": "day", "source": name.rsplit("/", 1)[-1]} | facts | {"same_end": same}), flush=True)


warm_up()
for folder in real_days():
    figure(str(folder))
figure("sim:")
