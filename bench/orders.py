"""Orders over TCP to durable acknowledgement: throughput, latency at stated rates, at levels local and twin; and how
long the core needs to start again over the journal that this left.

    python bench/orders.py [--orders 500000] [--lines 8] [--rates 1000,10000,100000]

Both cores run as in a venue; this process is the members. Throughput: each line keeps a window of unanswered orders.
Latency: an open loop, orders leave at the times of the rate whatever is answered, and are counted from those times, so
a stall counts for every order that it delays. An order is one half of a pair that trades.
"""

import argparse
import asyncio
import contextlib
import gc
import selectors
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL, Popen

import numpy as np

from evermarket.client.line import Line
from evermarket.continuity.venue.children import commands
from evermarket.continuity.venue.exchange_link import ExchangeLink
from evermarket.continuity.venue.opening import open_venue
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import ALLOW_CONTINUOUS, Mode, OrdType, Phase, Right, Segment, Side, Tif
from evermarket.records.session import Resume
from evermarket.sim.config import SimulationConfig
from evermarket.venue.control import ask
from evermarket.venue.primary.settings import split_address

OUT = Path("out") / "bench"
WINDOW = 8_192
CHUNK = 1_024
BOOKS = 100


def market(lines: int) -> Records:
    """Lines, a tick table, books without limits, continuous trading."""
    tick = blank(Kind.REF_TICK)
    tick["tick"], tick["table"] = 100, 1
    line = blank(Kind.REF_LINE, lines)
    line["line"], line["member"], line["rights"] = np.arange(1, lines + 1), np.arange(1, lines + 1), Right.ORDERS
    book = blank(Kind.REF_INSTRUMENT, BOOKS)
    book["instrument"], book["attributes"] = np.arange(1, BOOKS + 1), Segment.REGULAR
    book["qty_min"], book["lot"], book["qty_max"], book["group"], book["table"] = 1, 1_000, 499_000, 1, 1
    book["allow"], book["product"] = int(ALLOW_CONTINUOUS), 1
    price = blank(Kind.REF_PRICES, BOOKS)
    price["instrument"], price["attributes"] = np.arange(1, BOOKS + 1), Segment.REGULAR
    price["reference"], price["limit_up"], price["limit_down"], price["previous_close"] = 1_000_000, *[NO_PRICE] * 3
    phase = blank(Kind.PHASE)
    phase["group"], phase["code"], phase["mode"], phase["allow"] = (
        1,
        Phase.CONTINUOUS,
        Mode.CONTINUOUS,
        int(ALLOW_CONTINUOUS),
    )
    parts = [part.view("V64") for part in (tick, line, book, price, phase)]
    return np.concatenate(parts).view(HEADER)


def orders(first: int, count: int) -> Records:
    """Pairs of a buy and a sale that trade, over all books. `first`: the number of the first one."""
    rows = blank(Kind.NEW, count)
    number = np.arange(first, first + count)
    rows["instrument"], rows["attributes"] = 1 + number // 2 % BOOKS, Segment.REGULAR
    rows["price"], rows["qty"], rows["side"] = 1_000_000, 1_000, np.where(number % 2, Side.SELL, Side.BUY)
    rows["ord_type"], rows["tif"], rows["account"] = OrdType.LIMIT, Tif.ROD, 1
    return rows.view(HEADER)


class Member:
    """One line that counts its answers, and takes their times if asked."""

    def __init__(self, plan: VenuePlan, number: int, room: int) -> None:
        self.line = Line(plan.ticket(number), self._told, resume=Resume.QUICK)
        self.answered = 0
        self.at_ns = np.zeros(room, np.int64)

    def _told(self, records: Records) -> None:
        count = int((records["kind"] == Kind.ACCEPTED).sum())
        self.at_ns[self.answered : self.answered + count] = time.monotonic_ns()
        self.answered += count


async def flood(members: list[Member], total: int) -> float:
    """Orders a second, all answered, with a window on each line."""
    each = total // len(members)
    goals = [member.answered + each for member in members]

    async def one(member: Member, goal: int) -> None:
        left, sent = each, member.answered
        while left:
            while sent - member.answered > WINDOW:
                await asyncio.sleep(0)
            count = min(CHUNK, left)
            member.line.send(orders(sent, count))
            left, sent = left - count, sent + count
            await asyncio.sleep(0)
        while member.answered < goal:
            await asyncio.sleep(0.0005)

    begin = time.perf_counter()
    await asyncio.gather(*(one(member, goal) for member, goal in zip(members, goals, strict=True)))
    return each * len(members) / (time.perf_counter() - begin)


async def paced(member: Member, rate: int, seconds: float) -> np.ndarray:
    """Nanoseconds from the time at which each order was due to its durable answer."""
    total, first = int(rate * seconds), member.answered
    begin = time.monotonic_ns() + 5_000_000
    due = begin + np.arange(total) * 1_000_000_000 // rate
    sent = 0
    while sent < total:
        upto = int(np.searchsorted(due, time.monotonic_ns(), side="right"))
        if upto > sent:
            member.line.send(orders(first + sent, upto - sent))
            sent = upto
        await asyncio.sleep(0.0002)
    while member.answered < first + total:
        await asyncio.sleep(0.001)
    return member.at_ns[first : first + total] - due


def fine_loop() -> asyncio.AbstractEventLoop:
    """A loop whose timers are not rounded to a millisecond, as epoll's are."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def restart(process: Popen[bytes], argv: list[str], control: Path) -> Popen[bytes]:
    """Stop the core in good order and start it again over its journal; how long until it matches."""
    process.terminate()
    process.wait(60)
    begin = time.perf_counter()
    again = Popen(argv, stdout=DEVNULL, stderr=DEVNULL)
    while True:
        with contextlib.suppress(OSError, ValueError):
            status = await ask(control, "status", 60)
            if status["state"] == "MATCH":
                break
        await asyncio.sleep(0.01)
    took = time.perf_counter() - begin
    print(f"restart records={status['position']} seconds={took:.2f}", flush=True)
    return again


async def measure(level: str, total: int, lines: int, rates: list[int], seconds: float, folder: Path) -> None:
    board = SimulationConfig(instruments=60, members=1)
    plan = open_venue(folder, board, lead_s=0)
    wanted = [child for child in commands(plan) if child.name in ((PRIMARY, TWIN) if level == "twin" else (PRIMARY,))]
    processes = [Popen(child.argv, stdout=DEVNULL, stderr=DEVNULL) for child in wanted]
    try:
        link = ExchangeLink([split_address(door) for door in plan.doors], plan.trading_day, plan.secret)
        linking = asyncio.create_task(link.run())
        while not link.is_open:
            await asyncio.sleep(0.05)
        link.send(market(lines))
        room = total + sum(int(rate * seconds) for rate in rates) + 1
        members = [Member(plan, number, room) for number in range(1, lines + 1)]
        for member in members:
            await member.line.open(30)
        control = plan.own(PRIMARY) / "control"
        while (status := await ask(control, "status", 10))["level"] != level:
            await asyncio.sleep(0.05)
        await flood(members, max(lines, total // 10))
        print(
            f"orders level={level} lines={lines} window={WINDOW} orders_per_s={await flood(members, total):,.0f}",
            flush=True,
        )
        gc.collect()
        gc.freeze()  # this process's own pauses are not the market's
        for rate in rates:
            late = np.percentile(await paced(members[0], rate, seconds), [50, 99, 99.9, 100]) / 1e6
            shown = " ".join(f"{name}={ms:.3f}" for name, ms in zip(("p50", "p99", "p99.9", "max"), late, strict=True))
            print(f"latency_ms level={level} rate={rate} {shown}", flush=True)
        status = await ask(control, "status", 10)
        print(f"level at the end={status['level']} alarms={len(status['alarms'])}", flush=True)
        linking.cancel()
        for member in members:
            await member.line.close()
        processes[0] = await restart(processes[0], wanted[0].argv, control)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--lines", type=int, default=8)
    parser.add_argument("--rates", default="1000,10000,100000")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--levels", default="local,twin")
    parser.add_argument("--folder", type=Path, default=OUT, help="where the journals lie")
    args = parser.parse_args()
    rates = [int(rate) for rate in args.rates.split(",") if rate]
    for level in args.levels.split(","):
        args.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=args.folder) as folder, asyncio.Runner(loop_factory=fine_loop) as runner:
            runner.run(measure(level, args.orders, args.lines, rates, args.seconds, Path(folder) / "venue"))


if __name__ == "__main__":
    main()
