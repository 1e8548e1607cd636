"""Orders coming in, changing and leaving; continuous matching, the band, paired blocks (docs/format.md, 6.1, 6.8, 6.9).

A sweep is planned before anything moves: the plan is a list of fills and the reason why it stopped. FOK looks at the
plan and takes all or nothing; every other order takes what the plan holds.
"""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction

from evermarket.records.kinds import (
    Aggressor,
    Allow,
    BookFlag,
    Kind,
    Mode,
    Phase,
    Reason,
    Segment,
    Side,
    Special,
    Tif,
    TradeKind,
)
from evermarket.records.units import NO_PRICE
from tests.models.auction import trade
from tests.models.state import Book, Market, Order, Standing
from tests.models.words import Word, as_signed, or_null

VOLATILITY_ALLOW = Allow.LIMIT_ROD | Allow.CANCEL | Allow.REDUCE | Allow.REPRICE | Allow.QUOTE | Allow.QUOTE_REQUEST


class Stop(Enum):
    """Why a sweep ended."""

    FILLED = auto()
    NOTHING_ACCEPTABLE = auto()
    BAND = auto()
    SELF_TRADE = auto()


@dataclass
class Fill:
    resting: Order
    price: int
    qty: int


@dataclass
class Plan:
    """The fills a sweep would make. `outside`: the price that the band did not let pass."""

    fills: list[Fill]
    stop: Stop
    outside: int = NO_PRICE
    reference: Fraction | None = None


def other(side: int) -> int:
    return Side.SELL if side == Side.BUY else Side.BUY


# -- the band -------------------------------------------------------------------------------------------------------


def band_reference(market: Market, book: Book) -> Fraction | None:
    """6.1: R for a command of this time; none where no band applies."""
    rules = market.set_of(book)
    if not (book.has(BookFlag.VOLATILITY) and rules and book.mode == Mode.CONTINUOUS and book.first_match):
        return None
    now, window = market.time, rules.window_ns
    if book.volatility_end is not None and now - book.volatility_end[0] <= window:
        price = book.volatility_end[1]
        return rolling_reference(book, now, window) if price is None else Fraction(price)
    time, price = book.first_match
    if now - time <= window:
        return exact(book.reference if price is None else price)
    return rolling_reference(book, now, window)


def rolling_reference(book: Book, now: int, window: int) -> Fraction | None:
    """Rule 3: the average of the continuous trades in (now - window, now]; else the last price; else the reference."""
    inside = [(price, qty) for time, price, qty in book.continuous if now - window < time <= now]
    if inside:
        return Fraction(sum(price * qty for price, qty in inside), sum(qty for _, qty in inside))
    return exact(or_null(book.anchor))


def exact(price: int) -> Fraction | None:
    return None if price == NO_PRICE else Fraction(price)


def is_outside(market: Market, book: Book, price: int, reference: Fraction | None) -> bool:
    rules = market.set_of(book)
    if reference is None or rules is None:
        return False
    band = rules.band_permille
    return price * 1000 > reference * (1000 + band) or price * 1000 < reference * (1000 - band)


# -- the sweep ------------------------------------------------------------------------------------------------------


def converted_price(book: Book, side: int, incoming: Order, last: int | None) -> int | None:
    """6.1: what a resting market order of `side` trades at; the incoming limit counts as one of its side."""
    prices = []
    for of_side in (Side.BUY, Side.SELL):
        mine = [order.price for order in book.limits(of_side)]
        if incoming.has_limit and incoming.side == of_side:
            mine.append(incoming.price)
        if mine:
            prices.append(max(mine) if side == Side.BUY else min(mine))
    if last is not None:
        prices.append(last)
    elif book.reference != NO_PRICE:
        prices.append(book.reference)
    if not prices:
        return None
    return max(prices) if side == Side.BUY else min(prices)


def plan_sweep(market: Market, book: Book, incoming: Order) -> Plan:
    """Best first, until nothing is left, or the next fill is not acceptable, not allowed or outside the band."""
    reference = band_reference(market, book)
    left, last = incoming.leaves, book.last
    fills: list[Fill] = []
    for resting in book.queue(other(incoming.side)):
        if not left:
            break
        price = converted_price(book, resting.side, incoming, last) if resting.is_market else resting.price
        if price is None or is_worse(price, resting, incoming):
            return Plan(fills, Stop.NOTHING_ACCEPTABLE)
        if is_self_trade(market, book, resting, incoming):
            return Plan(fills, Stop.SELF_TRADE)
        if is_outside(market, book, price, reference):
            return Plan(fills, Stop.BAND, price, reference)
        fills.append(Fill(resting, price, min(left, resting.leaves)))
        left -= fills[-1].qty
        last = price
    return Plan(fills, Stop.NOTHING_ACCEPTABLE if left else Stop.FILLED)


def is_worse(price: int, resting: Order, incoming: Order) -> bool:
    """A resting limit price beyond the incoming order's own limit."""
    if resting.is_market or not incoming.has_limit:
        return False
    return price > incoming.price if incoming.side == Side.BUY else price < incoming.price


def is_self_trade(market: Market, book: Book, one: Order, two: Order) -> bool:
    """NO_SELF_TRADE: both lines have the right PROVIDER and the account is the same."""
    both = market.is_provider(one.line) and market.is_provider(two.line)
    return book.has(BookFlag.NO_SELF_TRADE) and both and one.account == two.account


def sweep(market: Market, book: Book, order: Order) -> None:
    """Mode CONTINUOUS: trade, then do with the rest what its type and the reason of the stop say."""
    plan = plan_sweep(market, book, order)
    if order.tif == Tif.FOK and plan.stop != Stop.FILLED:
        cancel(market, book, order, Reason.BAND if plan.stop == Stop.BAND else Reason.TIME_IN_FORCE)
        return
    kind = TradeKind.BLOCK if book.segment == Segment.BLOCK else TradeKind.CONTINUOUS
    aggressor = Aggressor.BUY if order.side == Side.BUY else Aggressor.SELL
    for fill in plan.fills:
        buy, sell = (order, fill.resting) if order.side == Side.BUY else (fill.resting, order)
        trade(market, book, buy, sell, fill.price, fill.qty, kind, aggressor)
        book.continuous.append((market.time, fill.price, fill.qty))
    if order.leaves:
        settle_rest(market, book, order, plan)


def settle_rest(market: Market, book: Book, order: Order, plan: Plan) -> None:
    if plan.stop == Stop.SELF_TRADE:
        cancel(market, book, order, Reason.SELF_TRADE)
    elif plan.stop == Stop.BAND:
        if order.has_limit and order.tif == Tif.ROD:
            start_volatility_call(market, book, order, plan)
            book.orders.append(order)
        else:
            cancel(market, book, order, Reason.BAND)
    elif order.tif == Tif.ROD:
        book.orders.append(order)
    else:
        cancel(market, book, order, Reason.TIME_IN_FORCE)


def start_volatility_call(market: Market, book: Book, order: Order, plan: Plan) -> None:
    """6.1: STABILISATION_STARTED, resting market orders go, the book collects limit orders."""
    rules = market.set_of(book)
    assert rules is not None
    assert plan.reference is not None
    due = as_signed(market.time + rules.duration_ns)
    book.standing = Standing(Special.VOLATILITY, due)
    market.tell(
        Kind.STABILISATION_STARTED,
        instrument=book.instrument,
        attributes=book.segment,
        code=Special.VOLATILITY,
        due=due,
        price=plan.outside,
        reference=plan.reference.numerator // plan.reference.denominator,
        entry=NO_PRICE,
        order_no=order.number,
    )
    cancel_market_orders(market, book, Reason.STABILISATION)
    book.enter_mode(Phase.VOLATILITY_CALL, Mode.COLLECT, market.row(book).allow & VOLATILITY_ALLOW)


# -- orders -----------------------------------------------------------------------------------------------------------


def cancel_market_orders(market: Market, book: Book, reason: Reason) -> None:
    """Resting market orders go: buys first, in priority order."""
    for side in (Side.BUY, Side.SELL):
        for order in [order for order in book.queue(side) if order.is_market]:
            cancel(market, book, order, reason)


def tell_changed(market: Market, kind: Kind, order: Order, *, qty: int, cl_ord_id: int = 0, code: int = 0) -> None:
    """REDUCED, REPRICED, CANCELLED: the order as it is now, `line` its own line."""
    market.tell(
        kind,
        instrument=order.instrument,
        attributes=order.attributes,
        code=code,
        cl_ord_id=cl_ord_id,
        price=order.price,
        qty=qty,
        leaves=order.leaves,
        order_no=order.number,
        line=order.line,
        side=order.side,
        cum=order.cum,
        priority=order.priority,
    )


def cancel(market: Market, book: Book, order: Order, reason: Reason, cl_ord_id: int = 0) -> None:
    """All that is left goes; the order leaves the book if it was there."""
    qty = order.leaves
    order.gone += qty
    book.orders = [resting for resting in book.orders if resting is not order]
    tell_changed(market, Kind.CANCELLED, order, qty=qty, cl_ord_id=cl_ord_id, code=reason)


def enter(market: Market, book: Book, order: Order) -> None:
    """6.1: where an order that has just come in goes, by the mode of the book."""
    if book.segment == Segment.FIXED_PRICE or book.mode in (Mode.COLLECT, Mode.SHUT):
        book.orders.append(order)
    elif book.mode == Mode.PAIR:
        pair(market, book, order)
    else:
        sweep(market, book, order)


def pair(market: Market, book: Book, order: Order) -> None:
    """6.9: the first order of the other side with the same price, quantity left and pair number, or wait."""
    waiting = sorted((o for o in book.orders if o.side != order.side), key=lambda o: o.priority)
    for resting in waiting:
        same = (resting.price, resting.leaves, resting.pair) == (order.price, order.leaves, order.pair)
        if same and order.has_limit and resting.has_limit:
            buy, sell = (order, resting) if order.side == Side.BUY else (resting, order)
            trade(market, book, buy, sell, order.price, order.leaves, TradeKind.BLOCK_PAIRED, Aggressor.NONE)
            return
    book.orders.append(order)


def accept(market: Market, book: Book, order: Order, word: Word, **fields: int) -> None:
    """The order takes a priority, ACCEPTED is told, and it enters."""
    order.priority = market.take_priority()
    market.orders[order.number] = order
    if book.mode == Mode.COLLECT and book.first_match is None:
        book.entered += order.qty
    market.tell(
        Kind.ACCEPTED,
        instrument=order.instrument,
        attributes=order.attributes,
        flags=word.flags,
        cl_ord_id=word.cl_ord_id,
        price=order.price,
        qty=order.qty,
        account=order.account,
        order_no=order.number,
        line=order.line,
        side=order.side,
        ord_type=order.ord_type,
        tif=order.tif,
        open_close=word.open_close,
        extra=order.priority,
        **fields,
    )
    enter(market, book, order)
