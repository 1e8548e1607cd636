"""Figures of the journal: `python bench/journal.py [folder]`; one JSON line each, with its conditions. Asserts nothing.

append and sync: one write and one fdatasync a block. append, no sync: checks, crc, chain, copy into the page cache. In
64 MiB segments 120 large blocks need two new segments meanwhile, so each byte goes to the disk twice (zeros first); in
256 MiB segments they need none. ceiling: crc, SHA-256, a plain pwrite and fdatasync of as many bytes, which no journal
of this format can beat without a second thread.
"""

import hashlib
import json
import os
import platform
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from evermarket.journal import DayFacts, Journal, JournalWriter
from evermarket.records import HEADER, RECORD_BYTES, Kind, Records, blank

DAY = DayFacts(20261120)
SEGMENT_BYTES = 64 << 20


def say(figure: str, **facts: object) -> None:
    print(
        json.dumps({"bench": "journal", "figure": figure, **facts, "cpus": os.cpu_count(), "host": platform.machine()})
    )


def rows(count: int) -> Records:
    records = blank(Kind.NEW, count)
    random = np.random.default_rng(1)
    records["cl_ord_id"] = random.integers(1, 2**63, count)
    records["price"] = random.integers(1, 10**7, count)
    return records.view(HEADER)


def append(folder: Path, block_records: int, blocks: int, *, sync: bool, segment_bytes: int = SEGMENT_BYTES) -> None:
    writer = JournalWriter.create(folder, DAY, segment_bytes=segment_bytes)
    writer.begin_epoch(1, owner=1, make=1, time=1)
    writer.prepare_next()
    records = rows(block_records)
    positions = np.arange(1, block_records + 1, dtype=np.uint64)
    append_ns, sync_ns = [], []
    for _ in range(blocks):
        records["position"] = positions + np.uint64(writer.position)
        started = time.perf_counter_ns()
        writer.append(records, 0)
        between = time.perf_counter_ns()
        if sync:
            writer.sync()
            sync_ns.append(time.perf_counter_ns() - between)
        append_ns.append(between - started)
    spent_s = (sum(append_ns) + sum(sync_ns)) / 1e9
    writer.close()
    facts: dict[str, object] = {"block_records": block_records, "blocks": blocks, "segment_mib": segment_bytes >> 20}
    facts["records_per_s"] = round(block_records * blocks / spent_s)
    facts["append_us_p50"], facts["append_us_p99"], facts["append_us_max"] = percentiles(append_ns)
    if sync:
        facts["sync_us_p50"], facts["sync_us_p99"], facts["sync_us_max"] = percentiles(sync_ns)
    say("append and sync" if sync else "append, no sync", **facts)


def percentiles(spent_ns: list[int]) -> list[float]:
    return [round(float(np.percentile(spent_ns, q)) / 1e3, 1) for q in (50, 99, 100)]


def ceiling(folder: Path, block_records: int, blocks: int) -> None:
    data = os.urandom(block_records * RECORD_BYTES)
    path = folder / "plain"
    with path.open("wb") as file:
        for _ in range(SEGMENT_BYTES >> 20):
            file.write(bytes(1 << 20))
        os.fsync(file.fileno())
    fd = os.open(path, os.O_RDWR)
    spent = dict.fromkeys(("crc32", "sha256", "pwrite", "fdatasync"), 0)
    for turn in range(blocks):
        offset = turn * len(data) % (SEGMENT_BYTES - len(data))
        for name, step in (
            ("crc32", lambda: zlib.crc32(data)),
            ("sha256", lambda: hashlib.sha256(data).digest()),
            ("pwrite", lambda: os.pwrite(fd, data, offset)),  # noqa: B023
            ("fdatasync", lambda: os.fdatasync(fd)),
        ):
            started = time.perf_counter_ns()
            step()
            spent[name] += time.perf_counter_ns() - started
    os.close(fd)
    each = {f"{name}_us_a_block": round(value / blocks / 1e3, 1) for name, value in spent.items()}
    total_s = sum(spent.values()) / 1e9
    say("ceiling", block_records=block_records, records_per_s=round(block_records * blocks / total_s), **each)


def read(folder: Path) -> None:
    for figure, action in (
        ("verify (crc and chain)", lambda: Journal.open(folder).verify().records),
        ("read blocks", lambda: sum(block.count for block in Journal.open(folder).blocks())),
        ("commands to one array", lambda: sum(len(part) for part in Journal.open(folder).commands())),
        ("frame of one kind", lambda: len(Journal.open(folder).frame(Kind.NEW))),
    ):
        started = time.perf_counter()
        count = action()
        spent_s = time.perf_counter() - started
        say(figure, records=count, records_per_s=round(count / spent_s))
    started = time.perf_counter()
    JournalWriter.open(folder).close()
    say("open for writing", seconds=round(time.perf_counter() - started, 3))


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        for block_records, blocks in ((1, 2_000), (64, 2_000), (1_024, 1_000), (16_384, 120)):
            append(Path(place) / f"sync-{block_records}", block_records, blocks, sync=True)
        append(Path(place) / "one-segment", 16_384, 120, sync=True, segment_bytes=4 * SEGMENT_BYTES)
        append(Path(place) / "no-sync", 16_384, 60, sync=False)
        ceiling(Path(place), 16_384, 60)
        read(Path(place) / "sync-16384")


if __name__ == "__main__":
    main()
