"""What a member's command must satisfy (docs/format.md, sections 2, 4.1, 4.2, 5.1 to 5.5).

Each function is one sentence of the document and raises `Refused`; they are called in the order of the codes, so the
first that speaks is the answer. State is only read here, except by `note_numbers`, which does what 5.2 and 5.3 say
happens whatever the answer is.
"""

from collections.abc import Iterable

from evermarket.records.codes import Code
from evermarket.records.kinds import Allow, BookFlag, Kind, OrdType, Right, Segment, Side, Tif
from evermarket.records.units import NO_PRICE, PRICE_MAX, QTY_MAX
from tests.models.state import Book, Market, Order, Refused
from tests.models.words import UNNAMED, Word

MEMBER_KINDS = range(Kind.NEW, Kind.VOID_TRADE + 1)
RUN_KINDS = {Kind.ANNOUNCE: range(1, 16), Kind.REF_INSTRUMENT: range(3)}
EXCHANGE_MAY = {Kind.CANCEL, Kind.MASS_CANCEL, Kind.OFF_BOOK_TRADE, Kind.VOID_TRADE}
RIGHTS = {Kind.QUOTE: Right.PROVIDER, Kind.OFF_BOOK_TRADE: Right.OFF_BOOK, Kind.VOID_TRADE: Right.OFF_BOOK}
VERBS = {Kind.REDUCE: Allow.REDUCE, Kind.REPRICE: Allow.REPRICE, Kind.CANCEL: Allow.CANCEL}
ORDER_BITS = 0x1FF


def note_numbers(market: Market, word: Word) -> None:
    """5.3: the right order number is used up whatever the answer."""
    market.expected_order = market.next_order
    takes = {Kind.NEW: 1, Kind.QUOTE: 2}.get(word.kind, 0)
    if takes and word.order_no == market.next_order:
        market.next_order += takes


def note_client_id(market: Market, word: Word) -> None:
    """5.2: the last id becomes the larger one, whatever else is answered. Line 0 has no ids."""
    line = market.lines.get(word.line)
    if line is not None:
        market.last_id_before = line.last_id
        line.last_id = max(line.last_id, word.cl_ord_id)


def unused_bytes(word: Word) -> None:
    """Section 2, 4.1 and the lists in 5.5, 6.8: what is not named, or named as unused, is zero."""
    dirty = [word.raw[at] for at in UNNAMED[word.kind]]
    dirty += [word.flags & 0x80, word.attributes & 0xE000]
    if word.kind not in RUN_KINDS:
        dirty += [word.flags & 0x0F]
    if word.kind in MEMBER_KINDS:
        dirty += [word.code]
    if word.kind in VERBS:
        dirty += word.raw[54:64]
    if word.kind == Kind.CANCEL:
        dirty += [word.price, word.qty]
    if word.kind == Kind.QUOTE_REQUEST:
        dirty += [word.price, word.ord_type, word.tif, word.open_close, word.leg, word.extra, word.order_no]
    if any(dirty):
        raise Refused(Code.UNUSED_BYTES)


def identity(market: Market, word: Word, other_lines: Iterable[int] = ()) -> None:
    """5.1, 5.2: line, right, client order id. `other_lines`: further lines a trade report names, 0 or defined."""
    if word.line == 0 and word.kind not in EXCHANGE_MAY:
        raise Refused(Code.UNKNOWN_LINE, word.line)
    for line in (word.line, *other_lines):
        if line and line not in market.lines:
            raise Refused(Code.UNKNOWN_LINE, line)
    if word.line == 0:
        return
    right = RIGHTS.get(word.kind, Right.ORDERS)
    if not market.lines[word.line].rights & right:
        raise Refused(Code.NO_RIGHT, word.line, right)
    if word.cl_ord_id <= market.last_id_before:
        raise Refused(Code.DUPLICATE_CL_ORD_ID, word.cl_ord_id, market.last_id_before)


def order_number(market: Market, word: Word) -> None:
    """5.3: dense, given by the sequencer."""
    if word.order_no != market.expected_order:
        raise Refused(Code.ORDER_NO, word.order_no, market.expected_order)


def book_of(market: Market, word: Word) -> Book:
    book = market.books.get((word.instrument, word.segment))
    if book is None:
        raise Refused(Code.UNKNOWN_INSTRUMENT, word.instrument, word.segment)
    return book


def vocabulary(word: Word) -> None:
    """Side, order type, time in force, open or close."""
    if word.side not in (Side.BUY, Side.SELL):
        raise Refused(Code.SIDE, word.side)
    if word.ord_type not in (1, 2, 3):
        raise Refused(Code.ORD_TYPE, word.ord_type)
    time_in_force_and_position(word)


def time_in_force_and_position(word: Word) -> None:
    if word.tif not in (1, 2, 3):
        raise Refused(Code.TIF, word.tif)
    if word.open_close > 5:
        raise Refused(Code.OPEN_CLOSE, word.open_close)


def type_allowed(market: Market, book: Book, word: Word) -> None:
    """5.5: halted, the phase, the security, the provider's rule."""
    bit = 1 << (word.ord_type - 1) * 3 + (word.tif - 1)
    if book.halted and not book.allow & bit:
        raise Refused(Code.SUSPENDED, book.label)
    if not book.allow & ORDER_BITS:
        raise Refused(Code.NOT_IN_PHASE, book.label)
    if not book.allow & bit:
        raise Refused(Code.TYPE_IN_PHASE, book.label)
    if not book.rules.allow & bit:
        raise Refused(Code.TYPE_NOT_ALLOWED, word.ord_type, word.tif)
    if market.is_provider(word.line) and word.tif != Tif.ROD:
        raise Refused(Code.QUOTE_TIF, word.tif)


def verb_allowed(book: Book, bit: Allow, by_security: Code = Code.TYPE_NOT_ALLOWED) -> None:
    """5.5: the verb's bit in the phase's mask, then in the security's."""
    if not book.allow & bit:
        raise Refused(Code.SUSPENDED if book.halted else Code.NOT_IN_PHASE, book.label)
    if not book.rules.allow & bit:
        raise Refused(by_security, 0)


def lot(book: Book, side: int, qty: int) -> None:
    """A multiple of the lot; a sale in a SELL_ODD book may be any quantity."""
    if side == Side.SELL and book.has(BookFlag.SELL_ODD):
        return
    if qty % book.rules.lot:
        raise Refused(Code.QTY_LOT, qty, book.rules.lot)


def quantity(book: Book, side: int, qty: int, price: int) -> None:
    if qty == 0:
        raise Refused(Code.QTY_ZERO, 0)
    lot(book, side, qty)
    if qty > book.rules.qty_max:
        raise Refused(Code.QTY_MAX, qty, book.rules.qty_max)
    big = book.has(BookFlag.VALUE_MINIMUM) and price != NO_PRICE and price * qty >= book.rules.value_min
    if qty < book.rules.qty_min and not big:
        raise Refused(Code.QTY_MIN, qty, book.rules.qty_min)


def price_checks(market: Market, book: Book, ord_type: int, price: int) -> None:
    """5.5: absent, present, range, tick, limits. Orders of the fixed-price segment are limit orders without a price."""
    takes_price = ord_type == OrdType.LIMIT and book.segment != Segment.FIXED_PRICE
    if takes_price and price == NO_PRICE:
        raise Refused(Code.PRICE_ABSENT, price)
    if not takes_price:
        if price != NO_PRICE:
            raise Refused(Code.PRICE_PRESENT, price)
        return
    table = market.table(book)
    if not table.in_range(price):
        raise Refused(Code.PRICE_RANGE, price, PRICE_MAX)
    if not table.on_tick(price):
        raise Refused(Code.PRICE_TICK, price, table.tick_at(price))
    if book.limit_up != NO_PRICE and price > book.limit_up:
        raise Refused(Code.ABOVE_LIMIT, price, book.limit_up)
    if book.limit_down != NO_PRICE and price < book.limit_down:
        raise Refused(Code.BELOW_LIMIT, price, book.limit_down)


def new(market: Market, word: Word) -> Book:
    """All of NEW's checks."""
    identity(market, word)
    order_number(market, word)
    book = book_of(market, word)
    vocabulary(word)
    type_allowed(market, book, word)
    quantity(book, word.side, word.qty, word.price)
    price_checks(market, book, word.ord_type, word.price)
    if book.segment == Segment.FIXED_PRICE and market.regular_close(book) is None:
        raise Refused(Code.NO_CLOSING_PRICE, word.instrument)
    if (book.segment == Segment.BLOCK_PAIRED) != (word.extra != 0):
        raise Refused(Code.PAIR, word.extra)
    return book


def own_order(market: Market, word: Word) -> Order:
    """5.5: a live order of the sender's member in the book that the command names."""
    if word.order_no == 0 or word.order_no >= market.next_order:
        raise Refused(Code.ORDER_UNKNOWN, word.order_no)
    order = market.orders.get(word.order_no)
    if order is None or order.leaves == 0:
        raise Refused(Code.ORDER_NOT_LIVE, word.order_no)
    if word.line and market.member(order.line) != market.member(word.line):
        raise Refused(Code.NOT_OWNER, word.order_no)
    if (word.instrument, word.segment) != (order.instrument, order.segment):
        raise Refused(Code.WRONG_BOOK, word.order_no, order.instrument)
    return order


def change(market: Market, word: Word) -> Order:
    """All checks of REDUCE, REPRICE and CANCEL."""
    identity(market, word)
    if word.kind == Kind.REDUCE and word.price != NO_PRICE:
        raise Refused(Code.PRICE_AND_QTY, word.price)
    if word.kind == Kind.REPRICE and word.qty != 0:
        raise Refused(Code.PRICE_AND_QTY, word.qty)
    order = own_order(market, word)
    book = market.books[order.instrument, order.segment]
    repriced = word.kind == Kind.REPRICE
    verb_allowed(book, VERBS[word.kind], Code.REPRICE_NOT_ALLOWED if repriced else Code.TYPE_NOT_ALLOWED)
    if repriced:
        if not order.has_limit:
            raise Refused(Code.REPRICE_NOT_ALLOWED, word.order_no)
        price_checks(market, book, OrdType.LIMIT, word.price)
    if word.kind == Kind.REDUCE:
        if word.qty == 0:
            raise Refused(Code.QTY_ZERO, 0)
        if word.qty < order.leaves:
            lot(book, order.side, word.qty)
    return order


def quote_side(market: Market, book: Book, side: int, price: int, qty: int) -> Refused | None:
    """5.5 QUOTE: the quantity and price checks of NEW for a side that is given; no price for one that is not."""
    try:
        if qty:
            quantity(book, side, qty, price)
            price_checks(market, book, OrdType.LIMIT, price)
        elif price != NO_PRICE:
            raise Refused(Code.PRICE_PRESENT, price)
    except Refused as refused:
        return refused
    return None


def quote(market: Market, word: Word) -> Book:
    """All of QUOTE's checks."""
    identity(market, word)
    order_number(market, word)
    book = book_of(market, word)
    time_in_force_and_position(word)
    verb_allowed(book, Allow.QUOTE)
    if word.tif != Tif.ROD:
        raise Refused(Code.QUOTE_TIF, word.tif)
    bid = quote_side(market, book, Side.BUY, word.bid_price, word.bid_qty)
    ask = quote_side(market, book, Side.SELL, word.ask_price, word.ask_qty)
    if bid or ask:
        raise min((side for side in (bid, ask) if side), key=lambda refused: refused.code)
    if word.bid_qty and word.ask_qty and word.bid_price >= word.ask_price:
        raise Refused(Code.QUOTE_CROSSED, word.bid_price, word.ask_price)
    return book


def quote_request(market: Market, word: Word) -> None:
    """6.8: book, side (0 both), phase, security."""
    identity(market, word)
    book = book_of(market, word)
    if word.side > Side.SELL:
        raise Refused(Code.SIDE, word.side)
    verb_allowed(book, Allow.QUOTE_REQUEST)


def mass_cancel(market: Market, word: Word) -> int:
    """6.8: the member whose orders are meant; 0: everybody (only from line 0)."""
    identity(market, word)
    if word.instrument and not market.books_of(word.instrument, word.segment):
        raise Refused(Code.UNKNOWN_INSTRUMENT, word.instrument, word.segment)
    if word.side > Side.SELL:
        raise Refused(Code.SIDE, word.side)
    own = market.member(word.line)
    if word.line and word.of_member not in (0, own):
        raise Refused(Code.NOT_OWNER, word.of_member)
    return int(word.of_member or own)


def off_book_trade(market: Market, word: Word) -> None:
    """6.8, in the order of the codes (4.2): the lines of both sides come before anything else about the trade."""
    identity(market, word, (word.buy_line, word.sell_line))
    book = book_of(market, word)
    if word.qty == 0:
        raise Refused(Code.QTY_ZERO, 0)
    if word.qty > QTY_MAX:
        raise Refused(Code.QTY_MAX, word.qty, QTY_MAX)
    if word.price == NO_PRICE:
        raise Refused(Code.PRICE_ABSENT, word.price)
    if not market.table(book).in_range(word.price):
        raise Refused(Code.PRICE_RANGE, word.price, PRICE_MAX)


def void_trade(market: Market, word: Word) -> None:
    """6.8: a trade number given today and not void yet."""
    identity(market, word)
    if not 1 <= word.trade_no < market.next_trade:
        raise Refused(Code.TRADE_UNKNOWN, word.trade_no)
    if word.trade_no in market.void_trades:
        raise Refused(Code.TRADE_VOID, word.trade_no)
