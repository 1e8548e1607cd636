"""Random sessions that aim where cores go wrong: boundaries, equal keys, empty books, phase edges, dead orders.

`session(seed, commands)` is the same for the same arguments. The generator runs the model beside it, to know which
orders live, which timers are due and which numbers come next; the commands it writes are the only thing that counts.
"""

import random
from collections.abc import Callable

from hypothesis import strategies as st

from evermarket.records import NO_PRICE, Kind, Records
from evermarket.records.kinds import FIRST_EVENT, Allow, Mode, Phase, Segment, Side, Special
from evermarket.records.units import PRICE_MAX, QTY_MAX, SECOND_NS
from tests.models.aim import EVERYTHING, THEMES, Timer, price_edges, time_edges
from tests.models.builder import Builder
from tests.models.cast import FIXED, LINES, PROVIDER_LINES, SEATS, SHANGHAI, STOCKS, Seat, course, open_house
from tests.models.day import batches
from tests.models.market import Model
from tests.models.state import Book, Order, PhaseRow
from tests.models.words import decode, join, split

FIXED_SEAT = next(seat for seat in SEATS if seat.group == FIXED)
GROUPS = sorted({seat.group for seat in SEATS})
KEPT_BYTES = {*range(8, 18), *range(24, 32)}
"""Bytes that damage does not touch: time, kind, flags, client order id."""

WEIGHTS = {
    "_new": 520,
    "_cancel": 70,
    "_reduce": 50,
    "_reprice": 60,
    "_quote": 50,
    "_mass_cancel": 8,
    "_quote_request": 6,
    "_off_book": 6,
    "_void": 5,
    "_advance_any": 32,
    "_odd_phase": 8,
    "_timer": 40,
    "_indicate": 60,
    "_draw": 10,
    "_halt": 3,
    "_resume": 25,
    "_reference": 8,
    "_announce": 4,
}
"""How often each kind of step comes, of about a thousand."""


class Session:
    """Writes one session; `random` decides everything."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.day = Builder("08:30:00")
        self.model = Model()
        self.done = 0
        self.at_step = dict.fromkeys(GROUPS, 0)
        self.theme = chance.choice(THEMES)
        self.favourite = chance.choice(self.theme.seats)
        self.timers: list[Timer] = []
        open_house(self.day)
        self._catch_up()
        for group in GROUPS:
            self._advance(group)

    # -- the loop ---------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Write one command (a run of records counts as one) and let the model follow."""
        self._pass_time()
        weights = {**WEIGHTS, **self.theme.weights}
        verb = self.chance.choices(list(weights), list(weights.values()))[0]
        getattr(self, verb)()
        if self.chance.random() < 0.015:
            self._damage()
        self._catch_up()

    def _catch_up(self) -> None:
        """Run what is new through the model; remember the timers it announces and the numbers that come next."""
        for batch in batches(self.day.rows[self.done :]):
            for raw in split(self.model.run(join(batch))):
                if raw[16] >= FIRST_EVENT:
                    self._note(raw)
        self.done = len(self.day.rows)
        market = self.model.market
        self.day.next_order = market.next_order
        self.day.follow_ids({number: line.last_id for number, line in market.lines.items()})

    def _note(self, raw: bytes) -> None:
        word = decode(raw)
        if word.kind == Kind.STABILISATION_STARTED:
            self.timers.append((word.instrument, word.segment, word.code, word.due))
            if word.entry != NO_PRICE:
                self.timers.append((word.instrument, word.segment, Special.ENTRY_OPENS, word.entry))
        if word.kind == Kind.RESUMED and word.until > 0:
            for book in self.model.market.books_of(word.instrument, word.segment):
                self.timers.append((book.instrument, book.segment, Special.RESUMPTION, word.until))

    def _pass_time(self) -> None:
        """Mostly a moment; sometimes to the very nanosecond at which a window or a timer ends, or right beside it."""
        if self.chance.random() >= self.theme.edges:
            self.day.now += self.chance.choice((0, 1, 1_000_000, 250_000_000, 2 * SECOND_NS))
            return
        near = time_edges(self.model.market, self.timers, self.day.now)
        if near:
            self.day.now = self.chance.choice(near)

    def _damage(self) -> None:
        """Break a byte of the last record: unused ones, numbers, anything but time, kind and client order id."""
        record = bytearray(self.day.rows[-1])
        at = self.chance.choice([at for at in range(8, 64) if at not in KEPT_BYTES])
        record[at] = self.chance.choice((0, 1, 255, 128, self.chance.randrange(256)))
        self.day.rows[-1] = bytes(record)

    # -- aiming -----------------------------------------------------------------------------------------------------

    def _seat(self) -> tuple[Seat, Book]:
        seat = self.favourite if self.chance.random() < self.theme.focus else self.chance.choice(SEATS)
        return seat, self.model.market.books[seat.instrument, seat.segment]

    def _price(self, book: Book) -> int:
        """Around the anchor, at the limits, one tick beyond, off tick, and what no price may be."""
        table = self.model.market.table(book)
        chance = self.chance.random()
        if chance < 0.02:
            return self.chance.choice((0, -1, 1, NO_PRICE, PRICE_MAX, PRICE_MAX + 1, 2**62))
        standing = [order.price for order in book.orders if order.has_limit]
        middle = self.chance.choice([book.anchor or 100_000, *standing])
        reach = 3 if chance < 0.85 else 20
        near = table.number(max(middle, 1)) + self.chance.randint(-reach, reach)
        if chance < 0.04:
            return table.price(max(near, 1)) + 1
        if chance < 0.10 and book.limit_up != NO_PRICE:
            edge = self.chance.choice((book.limit_up, book.limit_down))
            return self.chance.choice((edge, table.above(edge), table.below(edge) or 1))
        edges = price_edges(self.model.market, book)
        if chance < 0.25 and edges:
            return self.chance.choice(edges)
        if chance > 0.98 and book.limit_up == NO_PRICE:
            return table.price(self.chance.choice((1, 5_000, 20_000)))
        return table.price(max(near, 1))

    def _qty(self, seat: Seat) -> int:
        if self.chance.random() < 0.03:
            return self.chance.choice((0, 1, seat.lot + 1, QTY_MAX, QTY_MAX + 1, 499_000, 500_000, 2**32 - 1))
        return seat.lot * (self.chance.randint(1, 5) if seat.usual_lots < 10 else self._large(seat))

    def _large(self, seat: Seat) -> int:
        return self.chance.choice((seat.usual_lots, seat.usual_lots // 3, 1, seat.usual_lots))

    def _order(self) -> Order | None:
        """Mostly a live order, sometimes a dead one."""
        live = [order for book in self.model.market.books.values() for order in book.orders]
        every = list(self.model.market.orders.values())
        if not every:
            return None
        return self.chance.choice(live if live and self.chance.random() < 0.93 else every)

    def _numbers(self) -> dict[str, int]:
        """Now and then a client order id or an order number that must be refused."""
        chance = self.chance.random()
        if chance < 0.01:
            return {"cl_ord_id": self.chance.choice((0, 1))}
        return {"order_no": self.day.next_order + self.chance.choice((-1, 1))} if chance < 0.015 else {}

    def _line(self) -> int:
        return self.chance.choice((0, 9)) if self.chance.random() < 0.01 else self.chance.choice(LINES)

    # -- members ----------------------------------------------------------------------------------------------------

    def _new(self) -> None:
        seat, book = self._seat()
        line = self._line()
        is_market = self.chance.random() < (self.theme.markets if book.label == Phase.CONTINUOUS else 0.02)
        at = None if is_market or seat.segment == Segment.FIXED_PRICE else self._price(book)
        values = {"line": line, "account": self.chance.choice((7, 88)), "leg": self.chance.choice((0, 3))}
        values["open_close"] = self.chance.choice((0, 0, 1, 5)) if self.chance.random() < 0.995 else 6
        values["tif"] = self.chance.choices((1, 2, 3, 0), (86, 8, 5, 0.5))[0]
        if line in PROVIDER_LINES and self.chance.random() < 0.95:
            values["tif"] = 1
        values["ord_type"] = 1 if is_market else self.chance.choices((2, 3, 0), (99, 0.5, 0.3))[0]
        if seat.segment == Segment.BLOCK_PAIRED:
            values["extra"] = self.chance.choice((1, 2, 2, 2, 0))
        side = self.chance.choice((Side.BUY, Side.SELL)) if self.chance.random() < 0.995 else 3
        values["attributes"] = seat.segment | self.chance.choice((0, 16, 16 + 128))
        self.day.order(side, seat.instrument, at, self._qty(seat), **{**values, **self._numbers()})

    def _owner(self, order: Order) -> dict[str, int]:
        """The order's place and line, now and then somebody else's."""
        line = order.line if self.chance.random() < 0.95 else self._line()
        instrument = order.instrument if self.chance.random() < 0.99 else 2
        return {"line": line, "instrument": instrument, "segment": order.segment}

    def _cancel(self) -> None:
        order = self._order()
        if order:
            self.day.cancel(order.number if self.chance.random() < 0.98 else 10**6, **self._owner(order))

    def _reduce(self) -> None:
        order = self._order()
        if order:
            lot = self.model.market.books[order.instrument, order.segment].rules.lot
            qty = self.chance.choice((lot, order.leaves, order.leaves + lot, 2 * lot, 0, 1))
            self.day.reduce(order.number, qty, **self._owner(order))

    def _reprice(self) -> None:
        order = self._order()
        if order:
            book = self.model.market.books[order.instrument, order.segment]
            at = order.price if self.chance.random() < 0.1 else self._price(book)
            self.day.reprice(order.number, at, **self._owner(order))

    def _quote(self) -> None:
        seat, book = SEATS[4], self.model.market.books[5, Segment.REGULAR]
        if self.chance.random() < 0.1:
            seat, book = self._seat()
        table = self.model.market.table(book)
        bid = self._price(book)
        wide = self.chance.choice((1, 2, 3, 5, 0))
        ask = table.price(table.number(bid) + wide) if 0 < bid <= PRICE_MAX else bid
        sides = [(bid, self._qty(seat)), (ask, self._qty(seat))]
        shown = [side if self.chance.random() < 0.93 else None for side in sides]
        line = self.chance.choice(PROVIDER_LINES) if self.chance.random() < 0.97 else 1
        values = {"line": line, "tif": self.chance.choices((1, 2, 4), (98, 1, 1))[0], **self._numbers()}
        self.day.quote(seat.instrument, shown[0], shown[1], segment=seat.segment, **values)

    def _mass_cancel(self) -> None:
        filters = {
            "instrument": self.chance.choice((0, 1, 2, 5, 77)),
            "segment": self.chance.choice((0, 0, 1, 2)),
            "side": self.chance.choice((0, 0, 1, 2, 3)),
            "account": self.chance.choice((0, 0, 7)),
            "of_line": self.chance.choice((0, 0, 0, 1, 4)),
            "of_member": self.chance.choice((0, 0, 0, 1, 3)),
            "quotes_only": self.chance.choice((0, 0, 1)),
        }
        self.day.mass_cancel(line=self.chance.choice((0, *LINES)), **filters)

    def _quote_request(self) -> None:
        self.day.quote_request(self.chance.choice((5, 1, 99)), side=self.chance.randrange(4), line=self._line())

    def _off_book(self) -> None:
        lines = {name: self.chance.choice((0, 1, 3, 9)) for name in ("buy_line", "sell_line")}
        values = {"line": self.chance.choice((0, 1, 2)), **lines}
        qty = self.chance.choice((5_000, 0, QTY_MAX, QTY_MAX + 1))
        at = self._price(self._seat()[1])
        self.day.off_book_trade(self.chance.choice((1, 2, 99)), at, qty, **values)

    def _void(self) -> None:
        trade = self.chance.randint(0, self.model.market.next_trade)
        self.day.void_trade(trade, line=self.chance.choice((0, 1, 2)))

    # -- the exchange -----------------------------------------------------------------------------------------------

    def _advance_any(self) -> None:
        self._advance(self.chance.choice(self.theme.groups or (*GROUPS, STOCKS, STOCKS, SHANGHAI)))

    def _advance(self, group: int) -> None:
        """The next phase of the group's day; after the last one the day begins again."""
        steps = course(group)
        step = dict(steps[self.at_step[group] % len(steps)])
        if (
            self.model.market.groups.get(group, PhaseRow()).label == Phase.CONTINUOUS
            and self.chance.random() < self.theme.linger
        ):
            return
        self.at_step[group] += 1
        label = str(step.pop("label"))
        self.day.phase(label, group=group, **step)
        if (group, label) == (STOCKS, "POST_CLOSE") and self.theme is EVERYTHING:
            self.favourite = FIXED_SEAT
            self.at_step[FIXED] = 1
            self.day.phase("FIXED_PRICE", group=FIXED)
        elif label == "ENDED":
            self.favourite = self.chance.choice(self.theme.seats)
            self._advance(group)

    def _odd_phase(self) -> None:
        """Any label, mode, match and actions, for a group or for one instrument."""
        scope = {"group": self.chance.choice((*GROUPS, 77))}
        if self.chance.random() < 0.5:
            scope = {"instrument": 1, "segment": self.chance.choice((0, 1, 2, 9))}
        label = self.chance.choice(("PRE_OPEN", "CONTINUOUS", "CLOSE_CALL", "LUNCH", "CONTINUOUS"))
        actions = self.chance.randrange(256) & self.chance.randrange(256)
        values = {"match": self.chance.choice((0, 0, 1, 2, 3)), "actions": actions}
        if self.chance.random() < 0.1:
            values |= {"mode": self.chance.randrange(6), "code": self.chance.randrange(21)}
        late = {"postpone_ns": self.chance.choice((0, 2 * SECOND_NS)), "entry_ns": self.chance.choice((0, SECOND_NS))}
        self.day.phase(label, **scope, **values, **late)

    def _timer(self) -> None:
        """A timer that was announced: on time, early, late, twice, of another kind."""
        if not self.timers:
            return
        instrument, segment, special, due = self.chance.choice(self.timers[-4:])
        chance = self.chance.random()
        if chance < 0.6:
            self.day.now = max(self.day.now, due)
        if chance > 0.95:
            special = self.chance.randrange(8)
        self.day.add(Kind.TIMER, instrument=instrument, attributes=segment, code=special, due=due + (chance > 0.97))

    def _scope(self) -> dict[str, int]:
        if self.chance.random() < 0.8:
            return {"group": self.chance.choice(GROUPS)}
        return {"instrument": self.chance.choice((1, 2, 99)), "segment": self.chance.choice((0, 1))}

    def _indicate(self) -> None:
        """Often twice, with an order between them that moves the simulated price."""
        scope = self._scope()
        self.day.indicate(**scope)
        book = self.model.market.books[self.favourite.instrument, self.favourite.segment]
        if book.mode == Mode.COLLECT and self.chance.random() < 0.4:
            far = {Side.BUY: book.limit_up, Side.SELL: book.limit_down}
            side = self.chance.choice((Side.BUY, Side.SELL))
            at = far[side] if far[side] != NO_PRICE else self._price(book)
            lots = self.favourite.lot * self.chance.choice((5, 20))
            self.day.order(side, book.instrument, at, lots, segment=book.segment, line=1)
            self.day.indicate(**scope)

    def _draw(self) -> None:
        self.day.draw(self.chance.getrandbits(64), **self._scope())

    def _halt(self) -> None:
        allow = self.chance.choice((0, Allow.CANCEL, Allow.CANCEL | Allow.LIMIT_ROD))
        self.day.halt(self.chance.choice((1, 2, 4, 6, 99)), segment=self.chance.choice((0, 1)), allow=int(allow))

    def _resume(self) -> None:
        halted = [book for book in self.model.market.books.values() if book.halted]
        if not halted and self.chance.random() < 0.9:
            return
        book = self.chance.choice(halted or list(self.model.market.books.values()))
        until = self.chance.choice((0, self.day.now + 5 * SECOND_NS))
        self.day.resume(book.instrument, segment=self.chance.choice((0, book.segment)), until=until)

    def _reference(self) -> None:
        """Reference data in the middle of the day: lines and sets change, used books refuse."""
        pick, day = self.chance.choice, self.day
        verbs: list[Callable[[], None]] = [
            lambda: day.line(pick((2, 3, 0)), member=pick((1, 2)), rights=1),
            lambda: day.stabilisation(2, window_s=20, band_permille=pick((20, 1001))),
            lambda: day.prices(pick((1, 6)), "101", up="111", down=pick(("91", "112"))),
            lambda: day.book(6, group=1, table=pick((4, 9)), lot=pick((0, 1)), texts=("A", "B")),
            lambda: day.tick_table(pick((1, 9)), [("0", "0.01")]),
            lambda: day.add(Kind.REF_CONTRACT, instrument=1, strike=1),
            lambda: day.text("alone"),
        ]
        pick(verbs)()

    def _announce(self) -> None:
        texts = ["word"] * self.chance.choice((0, 1, 2, 15))
        missing = 1 if 0 < len(texts) < 15 and self.chance.random() < 0.2 else 0
        self.day.announce(*texts, flags=len(texts) + missing)


def session_from(chance: random.Random, commands: int) -> Records:
    """A session of about `commands` commands after the reference data and the first phases."""
    session = Session(chance)
    for _ in range(commands):
        session.step()
    return session.day.records()


def session(seed: int, commands: int = 300) -> Records:
    """The session of a seed."""
    return session_from(random.Random(seed), commands)


def sessions(max_commands: int = 80) -> st.SearchStrategy[Records]:
    """For Hypothesis: the same generator, driven by choices that shrink."""
    return st.builds(session_from, st.randoms(use_true_random=False), st.integers(1, max_commands))
