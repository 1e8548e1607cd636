"""Recovery time of a switch, seen by a member: python bench/switch.py [--times 10] [--rate 3000]

A whole venue as `evermarket up` makes it, with the policy for unattended switches and no window afterwards; one member
keeps sending at a stated rate through the fault (open loop), one command each time. Recovery: from the last answer of
the old core to the first of the new one. `kill`: kill -9 of the primary; `hang`: SIGSTOP, noticed after --silent-ms.
"""

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from evermarket.client.line import Line
from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.opening import open_venue, start_supervisor, stop_supervisor, wait_until_ready
from evermarket.continuity.venue.plan import PRIMARY, TWIN, Policy, VenuePlan
from evermarket.journal import Journal
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.session import Resume
from evermarket.sim.config import SimulationConfig

OUT = Path("out") / "bench"
BEFORE_S = 1.0
AFTER_S = 2.0
STEPS = ("promoted", "doors of the twin open")


class Member:
    """One line; when each of its commands was answered."""

    def __init__(self, plan: VenuePlan) -> None:
        number = next(iter(plan.guests))
        self.line = Line(plan.ticket(number), self._told, resume=Resume.QUICK)
        self.sent = 0
        self.told_ns: list[int] = []

    def _told(self, records: Records) -> None:
        count = int((records["kind"] == Kind.REJECTED).sum())
        self.told_ns += [time.monotonic_ns()] * count

    async def send(self, rate: int, seconds: float) -> None:
        """Cancels of no order: they take an order's whole way and need no open market."""
        begun, first = time.monotonic(), self.sent
        while (passed := time.monotonic() - begun) < seconds:
            due = int(rate * passed) - (self.sent - first)
            if due > 0:
                self.line.send(blank(Kind.CANCEL, due).view(HEADER))
                self.sent += due
            await asyncio.sleep(0.0005)

    async def all_answered(self) -> None:
        async with asyncio.timeout(30):
            while len(self.told_ns) < self.sent:
                await asyncio.sleep(0.005)


async def one(plan: VenuePlan, number: signal.Signals, rate: int) -> tuple[float, int]:
    """Milliseconds without an answer round the fault, and how many commands were sent and answered."""
    member = Member(plan)
    await member.line.open(30)
    await member.send(rate, BEFORE_S)
    fault_ns = time.monotonic_ns()
    os.kill(int((plan.folder / f"{PRIMARY}.pid").read_text("utf-8")), number)
    await member.send(rate, AFTER_S)
    await member.all_answered()
    await member.line.close()
    told = np.sort(np.array(member.told_ns))
    at = int(np.searchsorted(told, fault_ns))
    gaps = np.diff(told[max(at - 50, 0) :])
    return float(gaps.max()) / 1e6, len(told)


def in_journal(plan: VenuePlan) -> tuple[int, int]:
    """Commands of the member in the journal of the new owner, and how many of them are there twice."""
    rows = Journal.open(plan.own(TWIN) / "journal").array(Kind.CANCEL)
    ids = rows["cl_ord_id"][rows["line"] == next(iter(plan.guests))]
    return len(ids), len(ids) - len(np.unique(ids))


def measure(fault: str, times: int, rate: int, silent_ms: int) -> None:
    board = SimulationConfig(instruments=60, members=8)
    noticed_ms = silent_ms if fault == "hang" else 5_000
    policy = Policy(unattended_switch=True, silent_ms=noticed_ms, follower_silent_ms=1_000, cancel_only_s=0)
    found: list[float] = []
    doors: list[float] = []
    answered = kept = doubled = 0
    for _ in range(times):
        OUT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=OUT) as folder:
            plan = open_venue(Path(folder) / "v", board, services=(), policy=policy, lead_s=0)
            supervisor = start_supervisor(plan)
            try:
                wait_until_ready(plan, 120)
                number = signal.SIGKILL if fault == "kill" else signal.SIGSTOP
                gap_ms, count = asyncio.run(one(plan, number, rate))
                found.append(gap_ms)
                answered += count
                steps = {step["step"]: step["ms"] for step in read_incidents(plan.folder / "incidents")[-1]}
                doors += [steps[name] for name in STEPS[:1] if name in steps]
            finally:
                stop_supervisor(supervisor)
            one_kept, one_doubled = in_journal(plan)
            kept, doubled = kept + one_kept, doubled + one_doubled
    low, middle, high = np.percentile(found, [0, 50, 100]).round(1).tolist()
    facts = {"fault": fault, "times": times, "rate": rate, "silent_ms": silent_ms if fault == "hang" else 0}
    told = {"min_ms": low, "median_ms": middle, "max_ms": high, "promoted_ms": round(float(np.median(doors)), 1)}
    proof = {"answered": answered, "in_journal": kept, "doubled": doubled}
    print(json.dumps({"bench": "switch", **facts, **told, **proof}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rate", type=int, default=3_000)
    parser.add_argument("--silent-ms", type=int, default=150)
    parser.add_argument("--faults", default="kill,hang")
    args = parser.parse_args()
    for fault in args.faults.split(","):
        measure(fault, args.times, args.rate, args.silent_ms)


if __name__ == "__main__":
    main()
