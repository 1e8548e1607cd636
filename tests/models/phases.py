"""PHASE, TIMER, INDICATE, DRAW, HALT, RESUME, ANNOUNCE (docs/format.md, sections 6.2 and 6.4 to 6.7)."""

from evermarket.records import mixer
from evermarket.records.codes import Code
from evermarket.records.kinds import (
    Action,
    BookFlag,
    Kind,
    Match,
    Mode,
    Phase,
    Reason,
    Segment,
    Side,
    Special,
    TradeKind,
)
from evermarket.records.units import NO_PRICE
from tests.models import checks
from tests.models.auction import auction_price, hold_auction, match_fixed_price
from tests.models.entering import cancel, cancel_market_orders
from tests.models.state import Book, Market, PhaseRow, Refused, Standing, Told
from tests.models.words import Word, as_signed, changed, or_null

OWED_KIND = {
    Special.VOLATILITY: TradeKind.VOLATILITY,
    Special.POSTPONED_OPEN: TradeKind.OPEN,
    Special.POSTPONED_CLOSE: TradeKind.CLOSE,
    Special.POSTPONED_PERIODIC: TradeKind.PERIODIC,
    Special.RESUMPTION: TradeKind.RESUMPTION,
}
LABEL = {
    Special.POSTPONED_OPEN: Phase.POSTPONED_OPEN,
    Special.POSTPONED_CLOSE: Phase.POSTPONED_CLOSE,
    Special.POSTPONED_PERIODIC: Phase.POSTPONED_PERIODIC,
}


# -- PHASE ------------------------------------------------------------------------------------------------------------


def phase(market: Market, word: Word) -> None:
    """6.2: check, set the group's row, then each book in scope."""
    books = market.scope(word)
    for value, allowed in ((word.code, range(1, 20)), (word.mode, range(1, 5)), (word.match, range(3))):
        if value not in allowed:
            raise Refused(Code.STATE, value)
    if word.group:
        market.groups[word.group] = PhaseRow(word.code, word.mode, word.allow)
    market.write(changed(word.raw, Kind.PHASE_CHANGED, count=len(books)))
    for book in books:
        phase_book(market, book, word)


def phase_book(market: Market, book: Book, word: Word) -> None:
    """The nine steps for one book."""
    actions = Action(word.actions)
    if book.halted:  # 1
        after_match(market, book, actions & (Action.SET_CLOSE | Action.EXPIRE), None)
        return
    standing = book.standing
    if Action.CHECK_LAST in actions and standing and standing.special == Special.POSTPONED_PERIODIC:  # 2
        return
    price = end_standing_by_phase(market, book, word) if standing else None  # 3
    if Action.PURGE_MARKET in actions:  # 4
        cancel_market_orders(market, book, Reason.MARKET_AT_CLOSE)
    if word.match == Match.UNCROSS or word.mode == Mode.CONTINUOUS:  # 5
        if postponed(market, book, word, came_out=standing is not None):
            return
        held = hold_auction(market, book, kind_of(actions))
        price = price if held is None else held
    if word.match == Match.FIXED_PRICE:
        match_fixed_price(market, book)
    book.enter_mode(word.code, word.mode, word.allow)  # 6
    book.checking, book.tripped, book.changed = Action.CHECK_START in actions, False, 0
    after_match(market, book, actions, price)  # 7, 8, 9


def kind_of(actions: Action) -> TradeKind:
    if Action.FIRST_MATCH in actions:
        return TradeKind.OPEN
    return TradeKind.CLOSE if Action.SET_CLOSE in actions else TradeKind.PERIODIC


def end_standing_by_phase(market: Market, book: Book, word: Word) -> int | None:
    """Step 3: the special state ends; unless the new mode collects on, its match is held and its actions follow."""
    standing = book.standing
    assert standing is not None
    price = None
    if word.mode != Mode.COLLECT:
        price = hold_auction(market, book, OWED_KIND[standing.special])
    end_standing(market, book, standing, price)
    if word.mode != Mode.COLLECT:
        after_match(market, book, Action(standing.owed), price)
    if standing.special == Special.RESUMPTION and word.mode == Mode.CONTINUOUS:
        had_first_match(market, book, price)
    return price


def end_standing(market: Market, book: Book, standing: Standing, price: int | None) -> None:
    """STABILISATION_ENDED; the end of a volatility call is remembered for rule 1 of the band."""
    book.standing = None
    if standing.special == Special.VOLATILITY:
        book.volatility_end = (market.time, price)
    market.tell(
        Kind.STABILISATION_ENDED,
        instrument=book.instrument,
        attributes=book.segment,
        code=standing.special,
        due=standing.due,
        price=or_null(price),
        reference=NO_PRICE,
        entry=NO_PRICE,
    )


def had_first_match(market: Market, book: Book, price: int | None) -> None:
    """6.5: after a resumption into CONTINUOUS, a book without first match has had it."""
    if book.first_match is None:
        book.first_match = (market.time, price)


def postponed(market: Market, book: Book, word: Word, *, came_out: bool) -> bool:
    """Step 5: the checks before the match. True if one of them has put the match off."""
    rules = market.set_of(book)
    actions = Action(word.actions)
    if rules is None:
        return False
    if book.has(BookFlag.CALL_CHECK) and not came_out:
        prices = Action.CHECK_PRICES in actions and book.tripped
        many = book.changed >= 1 and book.changed * 1000 >= rules.cancel_permille * book.entered
        if prices or (Action.CHECK_CANCELS in actions and many):
            postpone_call(market, book, word)
            return True
    if book.has(BookFlag.PERIODIC_CHECK) and Action.CHECK_LAST in actions and book.last is not None:
        found = auction_price(market, book)
        if found and abs(found.price - book.last) * 1000 > rules.periodic_permille * book.last:
            special = Standing(Special.POSTPONED_PERIODIC, as_signed(market.time + word.postpone_ns))
            stand(market, book, special, price=found.price, reference=book.last)
            return True
    return False


def postpone_call(market: Market, book: Book, word: Word) -> None:
    """The opening or closing match waits; entry may be closed for a while; actions 7 to 9 are owed."""
    opens = bool(word.actions & Action.FIRST_MATCH)
    special = Special.POSTPONED_OPEN if opens else Special.POSTPONED_CLOSE
    standing = Standing(special, as_signed(market.time + word.postpone_ns), owed=word.actions)
    allow = book.allow
    if word.entry_ns > 0:
        standing.entry = as_signed(market.time + word.entry_ns)
        standing.allow_after_entry = book.allow
        allow = 0
    stand(market, book, standing, price=or_null(book.simulated), reference=or_null(book.simulated_before))
    book.allow = allow


def stand(market: Market, book: Book, standing: Standing, *, price: int, reference: int) -> None:
    """The book is postponed: label alike, mode COLLECT, STABILISATION_STARTED."""
    book.standing = standing
    book.enter_mode(LABEL[standing.special], Mode.COLLECT, book.allow)
    market.tell(
        Kind.STABILISATION_STARTED,
        instrument=book.instrument,
        attributes=book.segment,
        code=standing.special,
        due=standing.due,
        price=price,
        reference=reference,
        entry=or_null(standing.entry),
    )


def after_match(market: Market, book: Book, actions: Action, price: int | None) -> None:
    """Steps 7 to 9: first match, close, expiry."""
    if Action.FIRST_MATCH in actions:
        book.first_match = (market.time, price)
    if Action.SET_CLOSE in actions:
        set_close(market, book, price)
    if Action.EXPIRE in actions:
        for order in [*book.queue(Side.BUY), *book.queue(Side.SELL)]:
            cancel(market, book, order, Reason.END_OF_SESSION)


def set_close(market: Market, book: Book, price: int | None) -> None:
    """Step 8: CLOSED, STATISTICS. The turnover is a sum modulo 2^64, told in a signed field."""
    book.close = price if price is not None else book.last
    place = {"instrument": book.instrument, "attributes": book.segment}
    market.tell(
        Kind.CLOSED,
        **place,
        open=or_null(book.open),
        high=or_null(book.high),
        low=or_null(book.low),
        close=or_null(book.close),
        volume=book.volume,
    )
    market.tell(
        Kind.STATISTICS,
        **place,
        turnover=(book.turnover + 2**63) % 2**64 - 2**63,
        best_bid=or_null(book.best(Side.BUY)),
        best_ask=or_null(book.best(Side.SELL)),
        reference=book.reference,
        count=book.trades,
    )


# -- TIMER ------------------------------------------------------------------------------------------------------------


def timer(market: Market, word: Word) -> None:
    """6.5: taken if the book is in that state with that due time and the time has come."""
    book = checks.book_of(market, word)
    standing = book.standing
    entry = word.code == Special.ENTRY_OPENS
    due = None if standing is None else standing.entry if entry else standing.due
    if standing is None or due != word.due or market.time < due or (not entry and word.code != standing.special):
        raise Refused(Code.TIMER_NOT_DUE, word.due)
    if entry:
        open_entry(market, book, standing)
        return
    price = hold_auction(market, book, OWED_KIND[standing.special])
    end_standing(market, book, standing, price)
    row = market.row(book)
    book.enter_mode(row.label, row.mode, row.allow)
    after_match(market, book, Action(standing.owed), price)
    if standing.special == Special.RESUMPTION and row.mode == Mode.CONTINUOUS:
        had_first_match(market, book, price)


def open_entry(market: Market, book: Book, standing: Standing) -> None:
    """ENTRY_OPENS: the book takes orders again as it did before the postponement."""
    book.allow, standing.entry = standing.allow_after_entry, None
    market.tell(
        Kind.PHASE_CHANGED,
        instrument=book.instrument,
        attributes=book.segment,
        code=book.label,
        mode=book.mode,
        allow=book.allow,
        count=1,
    )


# -- INDICATE, DRAW ---------------------------------------------------------------------------------------------------


def indicate(market: Market, word: Word) -> None:
    """6.4: tell what an auction now would give, where it differs from what was told last."""
    books = market.scope(word)
    count = 0
    for book in books:
        if book.mode == Mode.COLLECT and book.segment != Segment.FIXED_PRICE:
            count += indicate_book(market, book)
    market.tell(Kind.INDICATIVE, price=NO_PRICE, count=count)


def indicate_book(market: Market, book: Book) -> int:
    """One book: the price check, and INDICATIVE if anything is new. How many events."""
    found = auction_price(market, book)
    now = Told(found.price, found.volume, found.buy_left, found.sell_left) if found else Told()
    price = found.price if found else None
    rules = market.set_of(book)
    if book.checking and rules and price is not None and book.simulated is not None:
        book.tripped |= abs(price - book.simulated) * 1000 > rules.call_permille * book.simulated
    book.simulated_before, book.simulated = book.simulated, price
    if now == book.told:
        return 0
    book.told = now
    market.tell(
        Kind.INDICATIVE,
        instrument=book.instrument,
        attributes=book.segment,
        price=now.price,
        volume=now.volume,
        buy_left=now.buy_left,
        sell_left=now.sell_left,
    )
    return 1


def draw(market: Market, word: Word) -> None:
    """6.7: the live orders of each book take new priorities in the order of their rank."""
    count = 0
    for book in market.scope(word):
        ranked = sorted(book.orders, key=lambda order: mixer.draw_rank(word.seed, order.number))
        for order in ranked:
            order.priority = market.take_priority()
        if ranked:
            place = {"instrument": book.instrument, "attributes": book.segment}
            market.tell(Kind.DRAWN, **place, seed=word.seed, count=len(ranked))
            count += 1
    market.tell(Kind.DRAWN, seed=word.seed, count=count)


# -- HALT, RESUME, ANNOUNCE -------------------------------------------------------------------------------------------


def halt(market: Market, word: Word) -> None:
    """6.6: the books stop; a special state is forgotten without an event."""
    books = market.instrument_scope(word)
    market.write(changed(word.raw, Kind.HALTED, count=len(books)))
    for book in books:
        book.halted, book.standing = True, None
        book.enter_mode(Phase.HALTED, Mode.SHUT, word.allow)


def resume(market: Market, word: Word) -> None:
    """6.6: into a resumption call, or at once into what the group does now."""
    books = market.instrument_scope(word)
    if not all(book.halted for book in books):
        raise Refused(Code.STATE, word.instrument)
    market.write(changed(word.raw, Kind.RESUMED, count=len(books)))
    for book in books:
        book.halted = False
        if word.until > 0:
            book.standing = Standing(Special.RESUMPTION, word.until)
            book.enter_mode(Phase.RESUMPTION_CALL, Mode.COLLECT, word.allow)
            continue
        row = market.row(book)
        if row.mode == Mode.CONTINUOUS:
            price = hold_auction(market, book, TradeKind.RESUMPTION)
            had_first_match(market, book, price)
        book.enter_mode(row.label, row.mode, row.allow)


def announce(market: Market, word: Word) -> None:
    market.write(changed(word.raw, Kind.ANNOUNCED))
