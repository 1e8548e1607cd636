"""EIO on the k-th fdatasync of a primary's process, k = 1..50 (protocol, 13): nothing told that is not on the disk.

A core alone, the exchange as its only member, a command at a time: every block is told, or its sync has failed. The
writer itself, with every operation failing in turn, is in tests/failures/test_journal_faults.py.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from evermarket.continuity.venue.conductor import question
from evermarket.continuity.venue.exchange_link import ExchangeLink
from evermarket.continuity.venue.opening import plan_of
from evermarket.continuity.venue.plan import PRIMARY, VenuePlan, encode, found
from evermarket.journal import Journal, JournalWriter
from evermarket.journal.segment import list_segments
from evermarket.sim.config import SimulationConfig
from evermarket.venue.line.reader import released
from evermarket.venue.primary.process import HALTED
from evermarket.venue.primary.settings import split_address
from tests.systems.drills.broken import failing
from tests.systems.drills.nursery import Nursery, a_nursery

SYNCS = 50
PATIENCE_S = 120.0
SEGMENT_BYTES = 1 << 16
IN_CREATION = 1
"""The only sync that fails before there is a journal: that of the first segment."""


def a_plan(folder: Path) -> VenuePlan:
    """Of a venue that has only its primary."""
    plan = plan_of(folder, SimulationConfig(instruments=40, members=1), lead_s=0)
    found(plan)
    settings = msgspec.structs.replace(plan.primary_settings(), follower="", segment_bytes=SEGMENT_BYTES)
    (plan.folder / "P.json").write_bytes(encode(settings))
    return plan


async def trade(plan: VenuePlan, is_over: Callable[[], bool]) -> bytes:
    """One command after the other, each when the one before was told; everything that was told."""
    told = bytearray()
    link = ExchangeLink([split_address(plan.doors[0])], plan.trading_day, plan.secret)

    async def read() -> None:
        async for piece in released(plan.lines[:1]):
            told.extend(piece.records.tobytes())

    tasks = [asyncio.create_task(work) for work in (link.run(), read())]
    sent, heard = 0, -1
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_over():
                if link.is_open and len(told) > heard:
                    sent, heard = sent + 1, len(told)
                    link.send(question(sent))
                await asyncio.sleep(0.001)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return bytes(told)


async def live(nursery: Nursery, plan: VenuePlan, nth: int) -> tuple[int, bytes]:
    """The exit code of a core whose `nth` sync fails, and what it told."""
    pid = nursery.born(plan.folder / "P.json")
    with failing(pid, "fdatasync", "EIO", nth):
        os.kill(pid, signal.SIGUSR1)
        ending = asyncio.create_task(asyncio.to_thread(nursery.code, pid))
        told = await trade(plan, ending.done)
        return await ending, told


def check_disk(plan: VenuePlan, nth: int, told: bytes) -> None:
    """The block whose sync failed is the last one written and was not told; everything before it was."""
    journal = plan.own(PRIMARY) / "journal"
    if nth == IN_CREATION:
        assert (list_segments(journal), told) == ([], b"")
        return
    frames = list(Journal.open(journal).frames())
    assert len(frames) == nth, "a frame a sync"
    durable = frames[-2].position
    records = Journal.open(journal).array()
    assert told == records[:durable].tobytes()
    assert len(records) > durable
    assert json.loads((plan.own(PRIMARY) / "status.json").read_text("utf-8"))["released"] == durable
    with JournalWriter.open(journal, background=False) as writer:
        assert writer.position >= durable


def test_whichever_sync_fails_the_core_halts_and_has_told_only_what_is_on_the_disk(
    kernels: None, tmp_path: Path
) -> None:
    with a_nursery() as nursery:
        for nth in range(1, SYNCS + 1):
            plan = a_plan(tmp_path / str(nth))
            code, told = asyncio.run(live(nursery, plan, nth))
            assert code == HALTED, f"sync {nth}: ended with {code}"
            check_disk(plan, nth, told)
