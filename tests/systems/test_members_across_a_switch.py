"""Members across a switch: unmodified QuickFIX and our own client trade on at the twin, and what they were told is, but
for real time, what they are told without a switch (requirements R51 to R53)."""

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from evermarket.client import Contract, Order, Refused
from evermarket.continuity.venue.opening import is_owned_by
from evermarket.continuity.venue.plan import VenuePlan
from evermarket.journal import Journal
from evermarket.records import Kind
from evermarket.sim.board import make_board
from tests.systems.client_member import Member, contracts_of, flow_of, hash_of, places_of
from tests.systems.fix_member import Fields, FixTrader, a_fix_member, without_times
from tests.systems.venue import Venue, a_quiet_venue

TICK = Decimal("0.05")
"""Of prices between 10 and 50 (TWSE Art.62)."""
EXEC_ID = re.compile("^[0-9]+")


@dataclass(frozen=True)
class Traded:
    """The stock that everybody trades here, and its reference price."""

    contract: Contract
    price: Decimal

    @property
    def code(self) -> str:
        return self.contract.code


def a_stock(plan: VenuePlan) -> Traded:
    """The first share with a price between 10 and 50."""
    found = next(one for one in make_board(plan.board) if one.kind == "stock" and 100_000 <= one.reference < 500_000)
    contract = next(one for one in contracts_of(plan) if one.instrument == found.instrument)
    return Traded(contract, Decimal(found.reference) / 10_000)


def order(price: Decimal, side: str, lots: int = 1) -> Order:
    return Order(price, lots=lots, side=side)


# --- they trade on -----------------------------------------------------------------------------------------------


async def trade_on(venue: Venue, folder: Path) -> FixTrader:
    """Trade, one of three over TLS; lose the primary with orders under way, trade; lose the gateway, trade."""
    stock, (line, other, *_) = a_stock(venue.plan), venue.plan.guests
    ann = await Member(venue.plan, line).log_on()
    tom = await Member(venue.plan, other, is_tls=True).log_on()
    async with a_fix_member(venue.plan, folder) as fay:
        await ann.client.place_order(stock.contract, order(stock.price, "Sell", 4))
        await bought(fay, stock)
        assert (await tom.client.place_order(stock.contract, order(stock.price, "Buy"))).order_no

        venue.signal("P", signal.SIGKILL)
        ids = [fay.order(stock.code, "1", stock.price - TICK) for _ in range(20)]
        sent = [ann.client.place_order(stock.contract, order(stock.price + TICK, "Sell")) for _ in range(20)]
        trades = await asyncio.gather(*sent)
        assert [trade.order_no > 0 for trade in trades] == [True] * 20
        assert [(told[150], told[11]) for told in [await fay.next() for _ in ids]] == [("0", one) for one in ids]
        await asyncio.to_thread(venue.wait, "the twin owns the market", is_owned_by("T"))
        await bought(fay, stock)
        await tom.client.place_order(stock.contract, order(stock.price, "Buy"))
        await tom.until_told("TRADED", 2)
        assert (fay.admin, fay.log_outs) == ([("out", "A"), ("in", "A")], 0)

        venue.signal("fix", signal.SIGKILL)
        await fay.until(lambda: fay.log_outs == 1)
        await ann.client.place_order(stock.contract, order(stock.price - TICK, "Sell"))
        told = await fay.next()
        assert (told[150], told[11], told[32]) == ("F", ids[0], "1000")
        last = fay.send("F", stock.code, "1", t41=ids[1])
        told = await fay.next()
        assert (told[150], told[11], told[41]) == ("4", last, ids[1])
    await ann.client.close()
    await tom.client.close()
    return fay


async def bought(fay: FixTrader, stock: Traded) -> None:
    """A lot at the price at which others sell."""
    number = fay.order(stock.code, "1", stock.price)
    assert [(told[150], told[11]) for told in [await fay.next(), await fay.next()]] == [("0", number), ("F", number)]


def test_quickfix_and_our_client_trade_on_at_the_twin(tmp_path: Path) -> None:
    with a_quiet_venue(tmp_path / "venue", rate=40) as venue:
        fay = asyncio.run(trade_on(venue, tmp_path))
    assert fay.numbers == sorted(set(fay.numbers)), "a number came twice, or out of its order"
    exec_ids = [told[17] for told in fay.told]
    assert len(exec_ids) == len(set(exec_ids)) == 26
    assert fay.resets == 0
    assert ("in", "3") not in fay.admin
    assert fay.admin.index(("out", "5")) < fay.admin.index(("in", "5")), "nobody was logged out"
    journal = Journal.open(venue.plan.own("T") / "journal")
    assert [epoch.epoch for epoch in journal.epochs()] == [1, 2]
    ids = journal.array(Kind.NEW)
    ids = ids[ids["line"] == fay.member.line]["cl_ord_id"]
    assert ids.tolist() == list(range(1, 23)), "each order once"


# --- and see nothing of it ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heard:
    """What everybody was told in one run of the script. `flows` by name. Of the line that logged off in the middle:
    where it stood, the refused id it had sent last, and the largest id that it was told when it came back."""

    flows: dict[str, list[dict[str, object]]]
    fix: list[Fields]
    admin: list[tuple[str, str]]
    position: int
    refused_id: int
    last_id: int

    def counted(self, places: dict[int, int]) -> "Heard":
        """The same, its positions replaced by places; ExecID is a position too."""
        flows = {
            name: [one | {"position": places[int(str(one["position"]))]} for one in flow]
            for name, flow in self.flows.items()
        }
        fix = [one | {17: EXEC_ID.sub(lambda found: str(places[int(found[0])]), one.get(17, ""))} for one in self.fix]
        return replace(self, flows=flows, fix=fix, position=places[self.position])

    def part_of_restart(self, name: str, position: int) -> list[dict[str, object]]:
        """What lies behind a position and not behind the end of flow `name`, out of the flow from the beginning."""
        end = self.flows[name][-1]["position"]
        return [one for one in self.flows["restart"] if position < int(str(one["position"])) <= int(str(end))]


async def script(venue: Venue, folder: Path, meanwhile: Callable[[], Awaitable[None]]) -> Heard:
    """Three members and one share; every command waits for what came of the one before. `meanwhile` runs in the middle,
    with orders in the book, one line logged off, and a refused id as the largest of its line."""
    plan, stock = venue.plan, a_stock(venue.plan)
    ann_line, bob_line, *_ = plan.guests
    ann = await Member(plan, ann_line, is_public_wanted=True).log_on()
    async with a_fix_member(plan, folder, HeartBtInt=3600) as fay:
        bob = await Member(plan, bob_line).log_on()
        await before(ann, bob, fay, stock)
        position = bob.client.position
        await bob.client.close()
        await meanwhile()
        again, last_ids = {}, []
        for resume in ("quick", "resume", "restart"):
            again[resume] = await Member(plan, bob_line, resume=resume).log_on(position if resume == "resume" else 0)
            last_ids.append(again[resume].client.line.next_id - 1)
            if resume != "restart":
                await one_order(again[resume], stock, len(again))
                await again[resume].client.close()
        await after(ann, again["restart"], fay, stock)
        await again["restart"].client.close()
    await ann.client.close()
    told = {"ann": ann.told, "bob": bob.told} | {name: one.told for name, one in again.items()}
    return Heard(
        {name: flow_of(reports) for name, reports in told.items()},
        [without_times(fields) for fields in fay.told],
        fay.admin,
        position,
        refused_id=bob.told[-1].cl_ord_id,
        last_id=last_ids[0],
    )


async def before(ann: Member, bob: Member, fay: FixTrader, stock: Traded) -> None:
    """Trades between all three, a reduction, refusals; orders that stay."""
    sold = await ann.client.place_order(stock.contract, order(stock.price, "Sell", 4))
    await bought(fay, stock)
    await ann.until_told("TRADED")
    await bob.client.place_order(stock.contract, order(stock.price, "Buy"))
    await bob.until_told("TRADED")
    await ann.until_told("TRADED", 2)
    await ann.client.reduce(sold, lots=1)
    number = fay.order(stock.code, "1", stock.price * 2)
    assert ((told := await fay.next())[150], told[11]) == ("8", number)
    fay.order(stock.code, "2", stock.price + TICK, 2_000)
    assert (await fay.next())[150] == "0"
    with pytest.raises(Refused):
        await bob.client.place_order(stock.contract, order(stock.price + TICK / 5, "Buy"))


async def one_order(bob: Member, stock: Traded, ticks: int) -> None:
    """An order that stays, far below what others ask for."""
    await bob.client.place_order(stock.contract, order(stock.price - TICK * (5 + ticks), "Buy"))


async def after(ann: Member, bob: Member, fay: FixTrader, stock: Traded) -> None:
    """What was left from before trades; changes and cancels of it; a mass cancel; a refusal."""
    trades, sold = bob.count("TRADED"), ann.count("TRADED")
    await bob.client.place_order(stock.contract, order(stock.price + TICK, "Buy", 2))
    await bob.until_told("TRADED", trades + 2)
    await ann.until_told("TRADED", sold + 1)
    assert (await fay.next())[150] == "F"
    replaced = fay.send("G", stock.code, "2", t41=3, t40=2, t44=stock.price + 2 * TICK)
    assert ((told := await fay.next())[150], told[11]) == ("5", replaced)
    await bought_by(ann, fay, stock)
    with pytest.raises(Refused):
        await ann.client.place_order(stock.contract, order(stock.price * 2, "Buy"))
    assert await bob.client.mass_cancel() == 2
    fay.send("F", stock.code, "2", t41=replaced)
    assert (await fay.next())[35] == "9", "it is filled"


async def bought_by(ann: Member, fay: FixTrader, stock: Traded) -> None:
    count = ann.count("TRADED")
    await ann.client.place_order(stock.contract, order(stock.price + 2 * TICK, "Buy"))
    await ann.until_told("TRADED", count + 1)
    assert (await fay.next())[150] == "F"


def test_what_members_are_told_is_the_same_with_and_without_a_switch(tmp_path: Path) -> None:
    plain = heard(tmp_path / "plain", lambda venue: None, {"P": [1]})
    switched = heard(tmp_path / "switched", kill_the_primary, {"P": [1], "T": [1, 2]})
    for name, flow in plain.flows.items():
        assert switched.flows[name] == flow, name
        assert hash_of(switched.flows[name]) == hash_of(flow), name
    assert switched.fix == plain.fix
    assert switched.admin == plain.admin == [("out", "A"), ("in", "A"), ("out", "5"), ("in", "5")]
    for one in (plain, switched):
        assert one.last_id == one.refused_id
        assert one.flows["restart"][: len(one.flows["bob"])] == one.flows["bob"]
        assert one.flows["resume"] == one.part_of_restart("resume", one.position)
        assert one.flows["quick"] == one.part_of_restart("quick", one.position)


def heard(folder: Path, meanwhile: Callable[[Venue], None], epochs: dict[str, list[int]]) -> Heard:
    """One run. `epochs` that the cores' journals must have, the last owner's last."""
    folder.mkdir()
    with a_quiet_venue(folder / "venue") as venue:
        found = asyncio.run(script(venue, folder, lambda: asyncio.to_thread(meanwhile, venue)))
    journals = {name: Journal.open(venue.plan.own(name) / "journal") for name in epochs}
    assert {name: [one.epoch for one in journal.epochs()] for name, journal in journals.items()} == epochs
    return found.counted(places_of(journals[list(epochs)[-1]].array()))


def kill_the_primary(venue: Venue) -> None:
    venue.signal("P", signal.SIGKILL)
