"""What members' commands do once they are accepted (docs/format.md, sections 6.1 and 6.8)."""

from evermarket.records.kinds import Allow, Kind, OrdType, Reason, Side, Tif
from tests.models import checks
from tests.models.entering import accept, cancel, enter, tell_changed
from tests.models.state import Book, Market, Order
from tests.models.words import Word, changed


def new(market: Market, word: Word) -> None:
    """NEW: ACCEPTED, then where the mode sends it."""
    book = checks.new(market, word)
    order = Order(
        number=word.order_no,
        instrument=word.instrument,
        segment=word.segment,
        attributes=word.attributes,
        line=word.line,
        account=word.account,
        side=word.side,
        ord_type=word.ord_type,
        tif=word.tif,
        price=word.price,
        qty=word.qty,
        pair=word.extra,
        priority=0,
    )
    accept(market, book, order, word, leg=word.leg)


def reduce(market: Market, word: Word) -> None:
    """REDUCE: at most what is left; place and priority stay."""
    order = checks.change(market, word)
    book = market.books[order.instrument, order.segment]
    taken = min(word.qty, order.leaves)
    order.gone += taken
    book.orders = [resting for resting in book.orders if resting.leaves]
    book.changed += taken if book.checking else 0
    less = int(taken < word.qty)
    tell_changed(market, Kind.REDUCED, order, qty=taken, cl_ord_id=word.cl_ord_id, code=less)


def reprice(market: Market, word: Word) -> None:
    """REPRICE: leaves its place, takes the price and a new priority, comes in again as a limit ROD order."""
    order = checks.change(market, word)
    book = market.books[order.instrument, order.segment]
    book.orders = [resting for resting in book.orders if resting is not order]
    book.changed += order.leaves if book.checking else 0
    order.price, order.tif = word.price, Tif.ROD
    order.priority = market.take_priority()
    tell_changed(market, Kind.REPRICED, order, qty=0, cl_ord_id=word.cl_ord_id)
    enter(market, book, order)


def cancel_one(market: Market, word: Word) -> None:
    """CANCEL: reason MEMBER, or EXCHANGE from line 0."""
    order = checks.change(market, word)
    book = market.books[order.instrument, order.segment]
    note_cancelled(book, order, word)
    cancel(market, book, order, Reason.MEMBER if word.line else Reason.EXCHANGE, word.cl_ord_id)


def note_cancelled(book: Book, order: Order, word: Word) -> None:
    """6.4: what a member cancels while the checks run counts as changed."""
    if book.checking and word.line:
        book.changed += order.leaves


def quote(market: Market, word: Word) -> None:
    """QUOTE: the line's quote before it in this book goes; then bid, then ask come in as limit ROD orders."""
    book = checks.quote(market, word)
    market.write(changed(word.raw, Kind.QUOTED))
    place = (word.line, word.instrument, word.segment)
    for order in market.quotes.get(place, []):
        if order.leaves:
            cancel(market, book, order, Reason.QUOTE_REPLACED, word.cl_ord_id)
    sides = [
        quote_order(market, word, Side.BUY, word.order_no, word.bid_price, word.bid_qty),
        quote_order(market, word, Side.SELL, word.order_no + 1, word.ask_price, word.ask_qty),
    ]
    market.quotes[place] = [order for order in sides if order.qty]
    for order in market.quotes[place]:
        accept(market, book, order, word)


def quote_order(market: Market, word: Word, side: Side, number: int, price: int, qty: int) -> Order:
    """One side of a quote, in the line's account, with the quote's attributes."""
    return Order(
        number=number,
        instrument=word.instrument,
        segment=word.segment,
        attributes=word.attributes,
        line=word.line,
        account=market.lines[word.line].account,
        side=side,
        ord_type=OrdType.LIMIT,
        tif=Tif.ROD,
        price=price,
        qty=qty,
        pair=0,
        priority=0,
        is_quote=True,
    )


def quote_request(market: Market, word: Word) -> None:
    checks.quote_request(market, word)
    market.write(changed(word.raw, Kind.QUOTE_REQUESTED))


def mass_cancel(market: Market, word: Word) -> None:
    """MASS_CANCEL: every live order that matches all filters, in book order, buys then sells, best first."""
    member = checks.mass_cancel(market, word)
    count = 0
    for book in market.books.values():
        in_scope = word.instrument in (0, book.instrument) and word.segment in (0, book.segment)
        if not in_scope or not book.allow & Allow.CANCEL:
            continue
        for order in [*book.queue(Side.BUY), *book.queue(Side.SELL)]:
            if matches(market, word, order, member):
                note_cancelled(book, order, word)
                cancel(market, book, order, Reason.MASS, word.cl_ord_id)
                count += 1
    market.write(changed(word.raw, Kind.MASS_CANCELLED, count=count))


def matches(market: Market, word: Word, order: Order, member: int) -> bool:
    """The filters of a mass cancel that look at the order itself; 0 is no filter."""
    return (
        word.side in (0, order.side)
        and word.account in (0, order.account)
        and word.of_line in (0, order.line)
        and member in (0, market.member(order.line))
        and (not word.quotes_only or order.is_quote)
    )


def off_book_trade(market: Market, word: Word) -> None:
    """OFF_BOOK_TRADE: takes a trade number; no price and no volume of a book changes."""
    checks.off_book_trade(market, word)
    market.write(changed(word.raw, Kind.OFF_BOOK_TRADED, trade_no=market.next_trade))
    market.next_trade += 1


def void_trade(market: Market, word: Word) -> None:
    checks.void_trade(market, word)
    market.void_trades.add(word.trade_no)
    market.write(changed(word.raw, Kind.TRADE_VOIDED))
