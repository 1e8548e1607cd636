"""Orders a second through the FIX gateway on one core: `python bench/fix.py [--orders 20000] [--read 32768]`.

Three parts, each timed by itself, one thread, no socket:
- in: bytes of NewOrderSingle as they come from a read, through framer, session and gateway, to NEW command records;
- out: the released stream (each command with its ACCEPTED), through the fold, to the bytes of the ExecutionReports;
- both: as a live gateway does it, a read in, the core's answer folded, the reports out.
Time is that of the processor. The core's own is not in the figure (its answers are made beside); the small journal is a
file and is synced as in production. QuickFIX's Python binding does about 2 400 orders a second on such a machine.
"""

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evermarket.records import HEADER, RECORD_BYTES, Kind, Records
from evermarket.records.layout import LAYOUT
from evermarket.venue.fix.desk import Desk, Wires
from evermarket.venue.fix.events import Terms
from evermarket.venue.fix.fold import Facts
from evermarket.venue.fix.gateway import Gateway
from evermarket.venue.fix.kept import KeptFile
from evermarket.venue.fix.names import Names
from evermarket.venue.fix.orders import Command
from evermarket.venue.fix.process import spare_collector
from evermarket.venue.fix.reports import PrivateFlow
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import Framer, encode

START_NS = 1_767_575_400 * 1_000_000_000
LINE = 1


def messages(count: int, now: int) -> list[bytes]:
    """A Logon, then orders as a broker's engine writes them."""
    head = "34={}\x0149=ALFA\x0152={}\x0156=EVER\x01"
    order = (
        "11={}\x011=1234567\x0121=1\x0155=2330\x0154={}\x0160={}\x0138=2000\x0140=2\x0144=100.5\x0159=0\x0120002=1\x01"
    )
    made = [encode("A", head.format(1, time_text(now)) + "98=0\x01108=30\x01")]
    for n in range(1, count + 1):
        at = time_text(now + n * 100_000)
        made.append(encode("D", head.format(n + 1, at) + order.format(n, 1 + n % 2, at)))
    return made


def reads(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


def answered(commands: list[Command], first: int) -> Records:
    """The stream of these commands: each with its ACCEPTED behind it, which has the same fields."""
    rows = np.repeat(np.frombuffer(b"".join(commands), f"V{RECORD_BYTES}"), 2).view(LAYOUT[Kind.NEW])
    rows["position"] = np.arange(2 * first + 1, 2 * first + 1 + len(rows))
    rows["time"] = START_NS + 1_000 * rows["position"].astype(np.int64)
    rows["order_no"] = first + 1 + np.arange(len(rows)) // 2
    rows["kind"][1::2] = Kind.ACCEPTED
    return rows.view(HEADER)


class Bench:
    """One desk with its gateway, and what goes through it."""

    def __init__(self, folder: Path) -> None:
        self.names = Names({"1234567": 1_234_567}, {"2330": 1})
        self.facts = Facts()
        self.commands: list[Command] = []
        self.sent: list[bytes] = []
        flow = PrivateFlow(self.names, (LINE,))
        self.facts.tell(LINE, flow.add)
        gateway = Gateway(LINE, self.names, self.facts)
        kept = KeptFile(folder / "ALFA.fix")
        self.desk = Desk(Terms("EVER", "ALFA"), flow, kept, gateway, self.commands.extend)
        self.desk.connect(START_NS, Wires(self.sent.append, lambda reason: None, lambda at: None))
        self.framer = Framer()
        self.done = 0

    def take(self, data: bytes) -> None:
        self.desk.arrive(START_NS, self.framer.feed(data))

    def answer(self) -> Records:
        commands = self.commands[:]
        self.commands.clear()
        self.done += len(commands)
        return answered(commands, self.done - len(commands))

    def tell(self, records: Records) -> None:
        self.names.fold(records)
        self.facts.fold(records)
        self.desk.grown(START_NS)


def measure(raw: bytes, read_bytes: int) -> tuple[int, float, float]:
    """(orders, seconds in, seconds out), a read at a time as a live gateway has it."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        inward = outward = 0
        for data in reads(raw, read_bytes):
            started = time.process_time_ns()
            bench.take(data)
            inward += time.process_time_ns() - started
            records = bench.answer() if bench.commands else None
            started = time.process_time_ns()
            if records is not None:
                bench.tell(records)
            outward += time.process_time_ns() - started
        reports = b"".join(bench.sent).count(b"\x01150=0\x01")
        assert reports == bench.done, f"{reports} reports of {bench.done} orders"
        return bench.done, inward / 1e9, outward / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--read", type=int, default=32_768, help="bytes a read brings")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    raw = b"".join(messages(options.orders, START_NS))
    spare_collector()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, raw, options.read)
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
        return
    runs = [measure(raw, options.read) for _ in range(options.repeat)]
    orders, inward, outward = min(runs, key=lambda run: run[1] + run[2])
    assert orders == options.orders
    figures = {"in": inward, "out": outward, "both": inward + outward}
    rates = {f"{name}_orders_s": round(orders / seconds) for name, seconds in figures.items()}
    print(
        json.dumps({"bench": "fix", "orders": orders, "read_bytes": options.read, "best_of": options.repeat, **rates})
    )


if __name__ == "__main__":
    main()
