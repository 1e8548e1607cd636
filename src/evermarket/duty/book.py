"""Follow the books that providers quote: what was disclosed, when, and what each provider had standing in it.

Source: 58-3 for the phases, ETFLP Art. 5 for "disclosed best level, with simulated data near the close". Units: prices
1/10 000, quantities in shares, times ns. While orders collect, what is disclosed is what would remain after the
simulated match, and it changes only when an INDICATE looks at the book.
Invariants: a state is written down only when time goes on, so what lasts no time is never seen; `views` and the list of
each provider's `Own` begin where the book is first heard of, each row holds until the next one.
Known gaps: regular books; the price of a resting market order is not computed, only that one was displayed.
"""

from collections.abc import Iterable
from typing import Final

from evermarket.duty.ladder import Ladder
from evermarket.duty.seen import Mark, OwnOrder, OwnTrade, Round, Standing, View
from evermarket.duty.stream import Provider, Row
from evermarket.records import NO_PRICE, Kind
from evermarket.records.kinds import Action, Mode, OrdType, Phase, Reason, Side

VOLUNTARY: Final = frozenset({Reason.MEMBER, Reason.MASS, Reason.QUOTE_REPLACED, Reason.DISCONNECT})
"""Reasons by which a provider itself takes a quote away."""

_APART: Final = frozenset(
    {
        Phase.VOLATILITY_CALL,
        Phase.POSTPONED_OPEN,
        Phase.POSTPONED_CLOSE,
        Phase.POSTPONED_PERIODIC,
        Phase.RESUMPTION_CALL,
    }
)
_POSTPONED: Final = {2: Phase.POSTPONED_OPEN, 3: Phase.POSTPONED_CLOSE, 4: Phase.POSTPONED_PERIODIC}


class Book:
    """One regular book while its day is folded."""

    def __init__(self, instrument: int, group: int, providers: Iterable[Provider]) -> None:
        self.instrument, self.group = instrument, group
        self.standing = {provider: Standing() for provider in providers}
        self.views: list[View] = []
        self.rounds: list[Round] = []
        self.moves: list[int] = []
        """When the last price changed."""
        self.requests: list[int] = []
        self.opened: int | None = None
        self.close_due: int | None = None
        self.closed: int | None = None
        self.last: int | None = None
        self.limits: tuple[int, int] = (NO_PRICE, NO_PRICE)
        self.now = 0
        self._ladders = (Ladder(Side.BUY), Ladder(Side.SELL))
        self._orders: dict[int, list[int]] = {}
        self._mine: dict[int, Standing] = {}
        self._phase, self._mode = int(Phase.CLOSED), int(Mode.SHUT)
        self._simulated: tuple[int, int, int] = (NO_PRICE, 0, 0)
        self._look = True
        self._prices = (NO_PRICE, NO_PRICE)

    def at(self, time: int) -> None:
        """Time goes on: what stands now has been disclosed since `now`."""
        if time > self.now:
            self._settle()
            self.now = time

    def finish(self) -> None:
        """No more records."""
        self._settle()

    def _settle(self) -> None:
        for standing in self.standing.values():
            if standing.dirty:
                standing.settle(self.now)
        before = self.views[-1] if self.views else None
        if self._mode == Mode.CONTINUOUS or self._look or before is None:
            bid, ask = self._disclosed()
        else:
            bid, ask = before.bid, before.ask
        self._look = False
        marks = self._marks(bid, ask)
        if before is None or before[1:] != (bid, ask, self._phase, marks):
            self.views.append(View(self.now, bid, ask, self._phase, marks))

    def _disclosed(self) -> tuple[int | None, int | None]:
        bids, asks = self._ladders
        price, buy_left, sell_left = self._simulated
        if self._mode != Mode.COLLECT or price == NO_PRICE:
            return bids.best(), asks.best()
        return (price if buy_left else bids.worse_than(price), price if sell_left else asks.worse_than(price))

    def _marks(self, bid: int | None, ask: int | None) -> Mark:
        marks = Mark.BID_AT_LIMIT_UP if bid is not None and bid == self.limits[0] else Mark(0)
        if ask is not None and ask == self.limits[1]:
            marks |= Mark.ASK_AT_LIMIT_DOWN
        return marks | Mark.MARKET_PRICE if self._ladders[0].market or self._ladders[1].market else marks

    # --- orders and trades --------------------------------------------------------------------------------------

    def accepted(self, row: Row, provider: Provider | None) -> None:
        price, qty, account, number, line, side, ord_type, tif = row[8:16]
        limit = NO_PRICE if ord_type == OrdType.MARKET else price
        self._orders[number] = [side, limit, qty]
        self._ladders[side - 1].add(limit, qty)
        standing = self.standing.get(provider) if provider is not None else None
        if standing is None or provider is None or account != provider.account:
            return
        order = OwnOrder(row[1], number, line, side, price, qty, qty, tif)
        standing.orders[number] = order
        self._mine[number] = standing
        if limit != NO_PRICE:
            standing.live[number] = order
        standing.dirty = True

    def changed(self, row: Row) -> None:
        kind, price, leaves, number = row[2], row[8], row[10], row[11]
        order = self._orders.get(number)
        if order is None:
            return
        moved = kind in (Kind.REPRICED, Kind.CONVERTED)
        end = Reason(row[5]) if kind == Kind.CANCELLED else Reason.MEMBER
        self._set(number, order, price if moved else order[1], leaves, end, row[1])

    def _set(self, number: int, order: list[int], price: int, leaves: int, end: Reason | None, time: int) -> None:
        """The order now has this price and `leaves`; `end` None: by a trade."""
        ladder = self._ladders[order[0] - 1]
        ladder.add(order[1], -order[2])
        order[1], order[2] = price, leaves
        if leaves:
            ladder.add(price, leaves)
        else:
            del self._orders[number]
        standing = self._mine.get(number)
        if standing is None:
            return
        own = standing.orders[number]
        own.price, own.leaves = price, leaves
        standing.dirty = True
        standing.taken |= end is None or end not in VOLUNTARY
        if price != NO_PRICE:
            standing.live[number] = own
        if not leaves:
            own.ended, own.end = time, "filled" if end is None else end.name.lower()
            standing.live.pop(number, None)

    def traded(self, row: Row) -> None:
        time, price, qty, trade_no, *numbers = row[1], row[7], row[8], row[9], row[10], row[11]
        for side, number, leaves in zip((Side.BUY, Side.SELL), numbers, row[12:14], strict=True):
            standing, order = self._mine.get(number), self._orders.get(number)
            if order is not None:
                self._set(number, order, order[1], leaves, None, time)
            if standing is not None:
                standing.trades.append(OwnTrade(time, trade_no, number, side, price, qty))
                standing.orders[number].filled += qty
        if price != self.last:
            self.moves.append(time)
            self.last = price
        if self.rounds and self.rounds[-1].time == time:
            self.rounds.pop()
        self.rounds.append(Round(time, price))

    def priced(self, row: Row) -> None:
        """REF_PRICES, and the REFERENCE_SET that says it was taken."""
        if row[2] == Kind.REF_PRICES:
            self._prices = (row[8], row[9])
        elif row[5] == Kind.REF_PRICES:
            self.limits = self._prices

    # --- phases -------------------------------------------------------------------------------------------------

    def phase(self, label: int, mode: int, actions: int) -> None:
        """A PHASE that reaches this book."""
        if self.opened is None and (label == Phase.CONTINUOUS or actions & Action.FIRST_MATCH):
            self.opened = self.now
        if actions & Action.SET_CLOSE and self.close_due is None:
            self.close_due = self.now
        stays = self._phase == Phase.HALTED or (self._phase == Phase.POSTPONED_PERIODIC and actions & Action.CHECK_LAST)
        if not stays:
            self.enter(label, mode)

    def enter(self, label: int, mode: int) -> None:
        """The book's label and mode from now on."""
        if mode == Mode.COLLECT and mode != self._mode:
            self._simulated = (NO_PRICE, 0, 0)
        self._phase, self._mode = label, mode

    def stabilised(self, row: Row, group_row: tuple[int, int]) -> None:
        if row[2] == Kind.STABILISATION_ENDED:
            if self._phase in _APART:
                self.enter(*group_row)
        else:
            self.enter(_POSTPONED.get(row[5], Phase.VOLATILITY_CALL), Mode.COLLECT)

    def resumed(self, until: int, group_row: tuple[int, int]) -> None:
        self.enter(*((Phase.RESUMPTION_CALL, Mode.COLLECT) if until > 0 else group_row))

    def indicated(self) -> None:
        """An INDICATE looked at this book."""
        self._look |= self.is_collecting

    @property
    def is_collecting(self) -> bool:
        return self._mode == Mode.COLLECT

    def simulated(self, row: Row) -> None:
        self._simulated = (row[7], row[9], row[10])
