"""After a switch: every book halted, orders that may not outlive it told one by one, a call auction, then trading; also
when whoever conducts dies between any two commands."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from evermarket.continuity.venue.reopening import CANCEL_ONLY, Reopening, Terms, announcement
from evermarket.core import Core
from evermarket.day.timers import Timers
from evermarket.records import HEADER, NO_PRICE, Code, Kind, Records, blank
from evermarket.records.kinds import Flag, Mode, OrdType, Reason, Side, Tif, TradeKind
from evermarket.records.raw import duplicate, join, of
from evermarket.records.units import SECOND_NS
from evermarket.sim.config import SimulationConfig
from evermarket.sim.day import SimulatedDay
from evermarket.venue.line.reader import Piece, Place

BOARD = SimulationConfig(seed=5, members=4, orders=3_000, instruments=40, bad_per_million=0, indicate_s=60)
TERMS = Terms(300 * SECOND_NS, 120 * SECOND_NS, 500)
PRIMARY, TWIN = 1, 2


@dataclass
class Market:
    """A core, the stream that it wrote, and whoever reopens it."""

    terms: Terms = TERMS
    core: Core = field(default_factory=Core)
    pieces: list[Piece] = field(default_factory=list)
    timers: Timers = field(default_factory=Timers)
    now_ns: int = 0
    owner: int = PRIMARY
    began: int = 0

    def __post_init__(self) -> None:
        self.reopening = Reopening(self.terms)

    def work(self, commands: Records) -> Records:
        """The stream of these commands, taken in by whoever follows it."""
        stream = duplicate(self.core.run(commands))
        self.timers.fold(stream)
        self._take(stream)
        return stream

    def switch(self) -> None:
        self.owner, self.began = TWIN, self.core.position
        self._take(join([]))

    def later(self, seconds: int) -> None:
        """Time passes; timers that fall due are met."""
        self.now_ns += seconds * SECOND_NS
        due = self.timers.take_due(self.now_ns)
        if len(due):
            due["time"] = self.now_ns
            self.work(due)

    def conduct(self, ready: int = 1_000) -> Records:
        """What is due is sent, until nothing is."""
        streams = []
        while len(due := self.reopening.due(self.now_ns, ready)):
            due["time"] = self.now_ns
            streams.append(self.work(due))
        return join(streams)

    def restart(self) -> None:
        """Another life of the conductor reads everything from the beginning."""
        self.reopening = Reopening(self.terms)
        for piece in self.pieces:
            self.reopening.take(piece)

    def _take(self, stream: Records) -> None:
        piece = Piece(stream, Place(self.core.position, self.owner, bytes(32), self.owner, self.began))
        self.pieces.append(piece)
        self.reopening.take(piece)


def until_ten(terms: Terms = TERMS) -> Market:
    """A market after an hour and a half; every seventh order asks to be deleted at a switch."""
    market, day = Market(terms), SimulatedDay(BOARD)
    until_ns = day.clock + 5_400 * SECOND_NS
    market.work(day.reference())
    for batch in day.batches():
        commands = join([batch[: int(np.searchsorted(batch["time"], until_ns))]])
        commands["flags"][np.flatnonzero(commands["kind"] == Kind.NEW)[::7]] |= int(Flag.DELETE_AT_SWITCH)
        market.work(commands)
        if len(commands) < len(batch):
            break
    market.now_ns = until_ns
    return market


@pytest.fixture
def market(kernels: None) -> Market:
    return until_ten()


def an_order(market: Market) -> Records:
    """A buy of some continuous book, at the last price somebody bid."""
    book = next(book for book in market.reopening.floor.groups if market.reopening.floor.is_continuous(book))
    accepted = of(join([piece.records for piece in market.pieces]), Kind.ACCEPTED)
    there = (accepted["instrument"] == book.instrument) & (accepted["attributes"] & 15 == book.segment)
    like = accepted[there & (accepted["price"] != NO_PRICE)][-1]
    row = blank(Kind.NEW)
    row["instrument"], row["attributes"] = like["instrument"], like["attributes"]
    row["line"], row["cl_ord_id"], row["price"], row["qty"] = like["line"], market.now_ns, like["price"], like["qty"]
    row["side"], row["ord_type"], row["tif"], row["account"] = Side.BUY, OrdType.LIMIT, Tif.ROD, like["account"]
    numbers = [of(piece.records, kind)["order_no"] for piece in market.pieces for kind in (Kind.NEW, Kind.QUOTE)]
    row["order_no"] = 1 + max(int(part.max()) for part in numbers if len(part))
    row["time"] = market.now_ns
    return row.view(HEADER)


def test_books_are_halted_cancelled_and_reopened_by_an_auction(market: Market) -> None:
    floor, count = market.reopening.floor, len(market.reopening.floor.groups)
    flagged = set(floor.deleted_at_switch)
    assert flagged
    assert market.reopening.stage == "trading"
    assert not len(market.conduct())
    market.switch()
    assert market.reopening.holds_the_door
    stream = market.conduct()
    assert not (stream["kind"] == Kind.REJECTED).any()
    assert len(of(stream, Kind.ANNOUNCED)) == 1
    halted = of(stream, Kind.HALTED)
    assert len(halted) == count == len(floor.halted)
    assert (halted["allow"] == CANCEL_ONLY).all()
    cancelled = of(stream, Kind.CANCELLED)
    assert set(cancelled["order_no"].tolist()) == flagged
    assert (cancelled["code"] == Reason.EXCHANGE).all()
    assert market.reopening.stage == "cancel only"
    refused = of(market.work(an_order(market)), Kind.REJECTED)
    assert refused["code"].tolist() == [Code.SUSPENDED]
    market.later(299)
    assert not len(market.conduct())
    market.later(2)
    resumed = market.conduct()
    assert not (resumed["kind"] == Kind.REJECTED).any()
    assert len(of(resumed, Kind.RESUMED)) == count
    assert not (resumed["kind"] == Kind.TRADED).any()
    assert market.reopening.stage == "done"
    before = len(market.pieces)
    market.later(121)
    auctioned = join([piece.records for piece in market.pieces[before:]])
    trades = of(auctioned, Kind.TRADED)
    assert set(trades["code"].tolist()) <= {TradeKind.RESUMPTION}
    assert not floor.halted
    assert len(of(market.work(an_order(market)), Kind.ACCEPTED)) == 1


def test_too_few_members_back_keep_the_window_open(market: Market) -> None:
    market.switch()
    market.conduct(ready=0)
    market.later(400)
    assert not len(market.conduct(ready=499))
    assert market.reopening.stage == "cancel only"
    assert len(of(market.conduct(ready=500), Kind.RESUMED)) == len(market.reopening.floor.groups)


def test_a_conductor_that_dies_goes_on_with_what_is_left(market: Market) -> None:
    market.switch()
    due = market.reopening.due(market.now_ns, 1_000)
    due["time"] = market.now_ns
    part = join([due[:10]])
    market.work(part)
    market.restart()
    market.later(30)
    stream = market.conduct()
    assert not (stream["kind"] == Kind.REJECTED).any()
    assert not len(of(stream, Kind.ANNOUNCED))
    assert len(of(part, Kind.HALT)) + len(of(stream, Kind.HALTED)) == len(market.reopening.floor.groups)
    assert len(set(market.reopening.floor.halted.values())) == 1
    for _ in range(2):
        market.later(300)
        market.restart()
        resumed = market.conduct()
        assert not (resumed["kind"] == Kind.REJECTED).any()
    assert market.reopening.stage == "done"


def test_without_a_window_trading_goes_on_at_once(kernels: None) -> None:
    market = until_ten(TERMS._replace(cancel_only_ns=0))
    market.switch()
    assert not len(market.conduct())
    assert not market.reopening.holds_the_door


def test_a_primary_started_again_is_no_switch(market: Market) -> None:
    piece = market.pieces[-1]
    market.reopening.take(Piece(join([]), piece.place._replace(epoch=2, began=piece.place.position)))
    assert market.reopening.stage == "trading"


def test_a_market_that_is_shut_is_not_halted(kernels: None) -> None:
    market = Market()
    market.work(SimulatedDay(BOARD).reference())
    market.switch()
    assert not len(market.conduct())
    assert market.reopening.stage == "done"


def test_people_halt_and_resume(market: Market) -> None:
    floor = market.reopening.floor
    halt = market.reopening.halt_all("a fire in the hall")
    halt["time"] = market.now_ns
    market.work(halt)
    assert len(floor.halted) == len(floor.groups)
    assert market.reopening.stage == "trading"
    resume = market.reopening.resume_all(market.now_ns)
    resume["time"] = market.now_ns
    stream = market.work(resume)
    assert not (stream["kind"] == Kind.REJECTED).any()
    assert not floor.halted
    assert {Mode(mode) for mode in floor.modes.values()} >= {Mode.CONTINUOUS}


@pytest.mark.parametrize("text", ["", "x" * 1_000, "市場恢復交易" * 30])
def test_an_announcement_is_a_run_that_every_core_takes(text: str, kernels: None) -> None:
    stream = Core().run(announcement(text, 0))
    assert stream["kind"][-1] == Kind.ANNOUNCED
