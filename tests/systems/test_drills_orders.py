"""Where an order was when the primary died (protocol, 7 and 13), and a primary that wakes after the switch.

An order that kills the primary is one of these: the process ends before it has answered. What the twin does with an
order that it cannot bear either, GUARDED, is in twin/tests/poison.rs.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest

from evermarket.client.line import Line
from evermarket.continuity.venue.plan import PRIMARY, TWIN
from evermarket.journal import Journal
from evermarket.records import HEADER, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import Flag
from evermarket.records.layout import ORDER
from evermarket.records.session import FIRST_SESSION_KIND, SessionKind
from evermarket.venue.control import ask
from evermarket.venue.primary.settings import split_address
from tests.systems.cores import PATIENCE_S, Cores, market, orders, two_cores
from tests.systems.drills.wire import Wire

BEFORE = 3
"""Orders that are answered before anything happens."""


class Stage(NamedTuple):
    """How far an order comes: `primary_reads` it; whether then its block reaches the twin, the twin's word the primary,
    and the answer the member."""

    primary_reads: bool
    twin_hears: bool
    twin_is_heard: bool

    @property
    def is_at_the_twin(self) -> bool:
        return self.primary_reads and self.twin_hears


STAGES = {
    "in the socket of the primary": Stage(False, True, True),
    "in the journal of the primary alone": Stage(True, False, True),
    "at the twin, and not released": Stage(True, True, False),
    "released, and its answer lost": Stage(True, True, True),
}


class Member:
    """A line through wires before both doors, and what it was told."""

    def __init__(self, cores: Cores, doors: tuple[Wire, ...]) -> None:
        self.told: list[Records] = []
        self.doors = doors
        for wire, door in zip(doors, cores.plan.doors, strict=False):
            wire.target = split_address(door)
            wire.is_keeping = True
        self.line: Line = cores.line(1, self.told.append, doors=tuple(wire.address for wire in doors))

    def outcomes(self) -> list[int]:
        """Client order ids of what was accepted, in the order told."""
        rows = np.concatenate([np.zeros(0, "V64"), *(part.view("V64") for part in self.told)]).view(ORDER)
        return [int(number) for number in rows["cl_ord_id"][rows["kind"] == Kind.ACCEPTED]]

    def said_to(self, door: int, number: int) -> list[int]:
        """The flags of each time that an order was said at a door."""
        said = self.doors[door].said
        rows = np.frombuffer(bytes(said[: len(said) // RECORD_BYTES * RECORD_BYTES]), ORDER)
        return [int(flags) for flags in rows["flags"][(rows["kind"] == Kind.NEW) & (rows["cl_ord_id"] == number)]]


async def until(what: str, is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_true():
            await asyncio.sleep(0.005)
    assert is_true(), what


@asynccontextmanager
async def a_member(followers: Wire) -> AsyncIterator[tuple[Cores, Member]]:
    """One that has traded."""
    with ExitStack() as stack:
        doors = tuple(stack.enter_context(Wire().running()) for _ in range(2))
        async with two_cores(followers) as cores:
            cores.link.send(market(2))
            member = Member(cores, doors)
            await member.line.open(PATIENCE_S)
            member.line.send(orders(BEFORE))
            await until("trading", lambda: len(member.outcomes()) == BEFORE)
            yield cores, member
            await member.line.close()


async def status_of(cores: Cores, name: str) -> dict[str, Any]:
    return await ask(cores.plan.own(name) / "control", "status", PATIENCE_S)


async def until_it_is_there(cores: Cores, stage: Stage, member: Member, number: int) -> None:
    """The order that was just sent has come as far as its stage says."""
    await until("said", lambda: bool(member.said_to(0, number)))
    if not stage.primary_reads:
        return
    async with asyncio.timeout(PATIENCE_S):
        while True:
            primary, twin = await asyncio.gather(status_of(cores, PRIMARY), status_of(cores, TWIN))
            has_order = primary["live"] == BEFORE + 1 and primary["synced"] == primary["position"]
            is_at_twin = twin["position"] == primary["position"]
            is_released = primary["released"] == primary["position"]
            if has_order and (is_at_twin, is_released) == (stage.twin_hears, stage.twin_hears and stage.twin_is_heard):
                return
            await asyncio.sleep(0.005)


async def die_at(stage: Stage) -> None:
    with Wire().running() as followers:
        async with a_member(followers) as (cores, member):
            member.doors[0].cut("back")
            if not stage.primary_reads:
                cores.processes[PRIMARY].send_signal(signal.SIGSTOP)
            if not stage.twin_hears:
                followers.cut("back")
            if not stage.twin_is_heard:
                followers.cut("there")
            number = int(member.line.send(orders(1)).view(ORDER)["cl_ord_id"][0])
            await until_it_is_there(cores, stage, member, number)
            assert len(member.outcomes()) == BEFORE, "it was answered"
            await cores.kill_and_switch()
            member.line.send(orders(1))
            await until("answers", lambda: len(member.outcomes()) >= BEFORE + 2)
            assert member.outcomes() == [*range(number - BEFORE, number + 2)], "one outcome a command, in order"
            if not stage.is_at_the_twin:
                assert [flags & Flag.POSS_RESEND for flags in member.said_to(1, number)] == [Flag.POSS_RESEND]
            tail = check_journals(cores, stage, number)
            assert (tail > 0) == (stage.primary_reads and not stage.twin_hears)


def check_journals(cores: Cores, stage: Stage, number: int) -> int:
    """The order stands once in the twin's journal: before its epoch if it had come there, else behind. Up to that epoch
    both journals are one history; how many records the primary has behind it."""
    ours, theirs = (Journal.open(cores.plan.own(name) / "journal") for name in (TWIN, PRIMARY))
    records, began = ours.array(), ours.epochs()[-1].position
    rows = records.view(ORDER)
    at = rows["position"][(rows["kind"] == Kind.NEW) & (rows["cl_ord_id"] == number)]
    assert [bool(position <= began) for position in at] == [stage.is_at_the_twin]
    assert records[:began].tobytes() == theirs.array()[:began].tobytes()
    return len(theirs.array()) - began


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_under_way_when_the_primary_dies_has_one_outcome(kernels: None, stage: str) -> None:
    asyncio.run(die_at(STAGES[stage]))


async def wake() -> None:
    with Wire().running() as followers:
        async with a_member(followers) as (cores, member):
            stubborn: list[Records] = []
            line = cores.line(2, stubborn.append, doors=cores.plan.doors[:1])
            await line.open(PATIENCE_S)
            before = await status_of(cores, PRIMARY)
            cores.processes[PRIMARY].send_signal(signal.SIGSTOP)
            line.send(orders(5))
            number = int(member.line.send(orders(1)).view(ORDER)["cl_ord_id"][0])
            await until("said", lambda: bool(member.said_to(0, number)))
            await cores.switch()
            await until("the twin's answer", lambda: number in member.outcomes())
            cores.processes[PRIMARY].send_signal(signal.SIGCONT)
            async with asyncio.timeout(PATIENCE_S):
                while (after := await status_of(cores, PRIMARY))["state"] != "FENCED":
                    await asyncio.sleep(0.01)
            assert after["released"] == before["released"], "released in an epoch that is over"
            await line.close()
            told = np.concatenate([np.zeros(0, "V64"), *(part.view("V64") for part in stubborn)]).view(HEADER)
            assert not len(told[told["kind"] < FIRST_SESSION_KIND]), "told in an epoch that is over"
            assert line.gate.epoch == 2, f"it was told who owns the market, {SessionKind.FENCED.name}"
            check_journals(cores, STAGES["in the socket of the primary"], number)
            accepted = Journal.open(cores.plan.own(TWIN) / "journal").array(Kind.ACCEPTED)
            assert sorted(accepted["line"].tolist()) == [1] * (BEFORE + 1)


def test_a_primary_that_wakes_after_the_switch_accepts_nothing(kernels: None) -> None:
    """It sleeps with orders in its sockets, and nobody ends it: the fence alone must hold. What it may still write is
    its own tail, of which nobody hears."""
    asyncio.run(wake())
