"""Messages a second through a core: `python bench/match.py FILE [--core twin] [--repeat 5]`, one JSON line.

FILE is a workload of the common generator (32-byte messages beside FILE.json, the oracle's answer) or a journal
folder. The time counts only if the trade hash equals the oracle's. Inside the timed region: all rules of the format,
every event written. Outside it: turning messages into command records, and the hash. One thread; batches of --batch
commands; best of --repeat.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evermarket.core import Core, state_bytes, warm_up
from evermarket.core.state import WIDE
from evermarket.journal import Journal
from evermarket.records import NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import ALLOW_CONTINUOUS, Mode, Phase, Product, Right, Segment
from evermarket.twin import find_binary

MESSAGE = np.dtype(
    [
        ("oid", "<u8"),
        ("ts", "<u8"),
        ("px", "<i4"),
        ("qty", "<u4"),
        ("acct", "<u4"),
        ("sym", "<u2"),
        ("type", "u1"),
        ("side", "u1"),
    ]
)
LOW, HIGH = 5_000, 15_000


def opening(symbols: int, accounts: int) -> Records:
    """The workload's reference data: a tick table, a line an account, books with its limits, trading open."""
    parts: list[Records] = []
    tick = blank(Kind.REF_TICK)
    tick["table"], tick["tick"] = 1, 1
    lines = blank(Kind.REF_LINE, accounts)
    lines["line"], lines["member"], lines["rights"] = np.arange(1, accounts + 1), 1, Right.ORDERS
    books = blank(Kind.REF_INSTRUMENT, symbols)
    books["instrument"], books["attributes"] = np.arange(1, symbols + 1), Segment.REGULAR
    books["lot"], books["qty_max"], books["group"], books["table"] = 1, 1_000_000, 1, 1
    books["allow"], books["product"] = ALLOW_CONTINUOUS, Product.STOCK
    prices = blank(Kind.REF_PRICES, symbols)
    prices["instrument"], prices["attributes"] = books["instrument"], Segment.REGULAR
    prices["reference"], prices["limit_up"], prices["limit_down"] = 10_000, HIGH, LOW
    prices["previous_close"] = NO_PRICE
    phase = blank(Kind.PHASE)
    phase["code"], phase["group"], phase["mode"], phase["allow"] = (
        Phase.CONTINUOUS,
        1,
        Mode.CONTINUOUS,
        ALLOW_CONTINUOUS,
    )
    parts = [tick, lines, books, prices, phase]
    return np.concatenate([part.view("V64") for part in parts]).view(WIDE)


def commands(messages: Records) -> Records:
    """The workload's messages as NEW and CANCEL commands."""
    rows = np.zeros(len(messages), WIDE)
    cancels = messages["type"] == 1
    rows["kind"] = np.where(cancels, Kind.CANCEL, Kind.NEW)
    rows["time"] = messages["ts"]
    rows["instrument"] = messages["sym"].astype(np.int64) + 1
    rows["attributes"] = Segment.REGULAR
    rows["order.cl_ord_id"] = np.arange(1, len(messages) + 1)
    rows["order.order_no"] = messages["oid"]
    rows["order.line"] = messages["acct"]
    news = ~cancels
    for name, value in (("price", messages["px"]), ("qty", messages["qty"]), ("account", messages["acct"])):
        column = rows[f"order.{name}"]
        column[news] = value[news]
    rows["order.side"][news] = messages["side"][news] + 1
    rows["order.ord_type"][news] = 2
    rows["order.tif"][news] = 1
    return rows


def trade_hash(trades: Records) -> int:
    """The oracle's order-dependent hash: maker (resting), taker, price, quantity."""
    mask = 2**64 - 1
    h = 0
    buys = trades["flags"] == 1
    maker = np.where(buys, trades["trade.sell_no"], trades["trade.buy_no"]).tolist()
    taker = np.where(buys, trades["trade.buy_no"], trades["trade.sell_no"]).tolist()
    for m, t, p, q in zip(maker, taker, trades["trade.price"].tolist(), trades["trade.qty"].tolist(), strict=True):
        h = (h * 1_000_003 + m * 31 + t * 17 + p * 7 + q) & mask
    return h


class Workload(NamedTuple):
    """What is run: commands that open the market, commands that are timed, and the right answer."""

    start: Records
    timed: list[Records]
    messages: int
    trade_hash: int
    live: int | None


def of_messages(file: Path, batch: int) -> Workload:
    """The common workload beside its oracle."""
    messages = np.fromfile(file, MESSAGE)
    oracle = json.loads(file.with_suffix(".json").read_text())
    cmds = commands(messages)
    timed = [cmds[at : at + batch] for at in range(0, len(cmds), batch)]
    start = opening(int(oracle["symbols"]), int(messages["acct"].max()))
    return Workload(start, timed, len(messages), int(oracle["hash"]), int(oracle["resting"]))


def of_journal(folder: Path, batch: int) -> Workload:
    """The commands of a journal; its own trades are the answer."""
    journal = Journal.open(folder)
    cmds = np.concatenate([part.view("V64") for part in journal.commands()]).view(WIDE)
    answer = trade_hash(journal.array(Kind.TRADED).view(WIDE))
    journal.close()
    heads = np.flatnonzero(cmds["kind"] != Kind.TEXT)  # a run of records stays in one batch
    cuts = [*heads[::batch].tolist(), len(cmds)]
    timed = [cmds[at:end] for at, end in pairwise(cuts)]
    return Workload(cmds[:0], timed, len(cmds), answer, None)


class Outcome(NamedTuple):
    """What a core made of a workload."""

    wall_s: float
    cpu_s: float
    trades: Records
    live: int
    state_bytes: int | None


def through_primary(work: Workload, repeat: int) -> Outcome:
    """The compiled kernels, called from here."""
    warm_up()
    best_wall, best_cpu = float("inf"), float("inf")
    for _ in range(repeat):
        core = Core()
        core.run(work.start)
        wall, cpu = time.perf_counter(), time.thread_time()
        for part in work.timed:
            core.run(part)
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        best_wall, best_cpu = min(best_wall, wall), min(best_cpu, cpu)
    core = Core()
    core.run(work.start)
    trades = []
    for part in work.timed:
        out = core.run(part)
        trades.append(out.view("V64")[out["kind"] == Kind.TRADED].copy())
    return Outcome(best_wall, best_cpu, np.concatenate(trades).view(WIDE), core.live, state_bytes(core))


def through_twin(work: Workload, repeat: int) -> Outcome:
    """The twin's own bench mode, in its process: the same commands, batches of its own 4,096."""
    with tempfile.TemporaryDirectory() as folder:
        opening, timed, told = (Path(folder) / name for name in ("opening", "timed", "told"))
        work.start.tofile(opening)
        np.concatenate([part.view("V64") for part in work.timed]).tofile(timed)
        words = [find_binary(), "bench", timed, "--opening", opening, "--out", told, "--runs", str(repeat)]
        figures = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        stream = np.fromfile(told, "V64")
    trades = stream[stream.view(WIDE)["kind"] == Kind.TRADED].view(WIDE)
    return Outcome(figures["wall_s"], figures["cpu_s"], trades, figures["live"], None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--core", default="primary", choices=["primary", "twin"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--batch", type=int, default=4_096, help="commands a call (primary)")
    args = parser.parse_args()
    work = (of_journal if args.file.is_dir() else of_messages)(args.file, args.batch)
    done = (through_primary if args.core == "primary" else through_twin)(work, args.repeat)
    found = trade_hash(done.trades)
    good = found == work.trade_hash and work.live in (None, done.live)
    result = {
        "file": args.file.name,
        "core": args.core,
        "messages": work.messages,
        "trades": len(done.trades),
        "trade_hash": found,
        "wall_s": round(done.wall_s, 4),
        "cpu_s": round(done.cpu_s, 4),
        "messages_per_s": round(work.messages / done.cpu_s),
        "live": done.live,
        "state_bytes": done.state_bytes,
        "oracle": "equal" if good else "DIFFERENT",
    }
    print(json.dumps(result))
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
