"""Every refusal, and who wins: a command with every defect, mended one defect a row."""

from collections.abc import Callable

from evermarket.records import NO_PRICE, Kind
from evermarket.records.kinds import ALLOW_CALL, ALLOW_CONTINUOUS, Allow, BookFlag, Mode, OrdType, Segment, Tif
from evermarket.records.units import QTY_MAX
from tests.models.builder import Builder, market, price
from tests.vectors.tale import Tale

Values = dict[str, int]
Rows = list[tuple[str, Values]]


def mend(tale: Tale, day: Builder, send: Callable[..., object], wrong: Values, rows: Rows) -> None:
    """Send the command with all that is wrong; then again and again, each row mending one thing more."""
    tale.say("everything is wrong")
    send(**wrong)
    for text, right in rows:
        wrong = {**wrong, **right}
        tale.say(text)
        send(**wrong)


def house() -> Builder:
    """Book 1 with limits, book 2 that takes no market order; lines with every combination of rights."""
    day = market("stock", reference="100", up="110", down="90")
    day.book(2, allow=ALLOW_CALL, qty_max=499_000, qty_min=2_000)
    day.line(3, member=3, rights=2, account=88)
    day.line(4, member=4, rights=3, account=88)
    return day


def new_order(tale: Tale) -> None:
    """NEW: every refusal in the order of the list, one defect mended a row; at last it is accepted."""
    day = tale.market("NEW", house())
    day.phase("CONTINUOUS", mode=Mode.CONTINUOUS, allow=int(ALLOW_CONTINUOUS), instrument=1)
    day.halt(2)
    day.buy(1, "100", 1_000, cl_ord_id=5, line=4)

    def send(**values: int) -> None:
        day.next_order = 2
        day.add(Kind.NEW, **values)

    wrong = {
        "flags": 0x80,
        "attributes": 0,
        "instrument": 2,
        "cl_ord_id": 5,
        "line": 9,
        "order_no": 77,
        "side": 3,
        "open_close": 6,
        "price": price("120.3"),
        "qty": 0,
    }
    rows: Rows = [
        ("the flags are clean", {"flags": 0}),
        ("line 3 is defined, without the right ORDERS", {"line": 3}),
        ("line 4 may enter orders, but its id 5 was used", {"line": 4}),
        ("a new id; the order number is not the next one", {"cl_ord_id": 6}),
        ("the next number; there is no such book, and the number is used up", {"order_no": 2, "cl_ord_id": 7}),
    ]
    mend(tale, day, send, wrong, rows)
    wrong = {**wrong, "flags": 0, "line": 4, "attributes": 1}
    number = iter(range(3, 99))

    def again(**values: int) -> None:
        order_no = next(number)
        day.next_order = order_no + 1
        day.add(Kind.NEW, **{**values, "order_no": order_no, "cl_ord_id": 100 + order_no})

    vocabulary: Rows = [
        ("a side", {"side": 1}),
        ("an order type", {"ord_type": OrdType.MARKET}),
        ("a time in force", {"tif": Tif.IOC}),
        ("open or close; book 2 is halted", {"open_close": 1}),
    ]
    mend(tale, day, again, wrong, vocabulary)
    wrong = {**wrong, **{key: value for _, row in vocabulary for key, value in row.items()}}
    day.resume(2)
    tale.say("resumed, and no order is taken in this phase")
    again(**wrong)
    day.phase("OPEN_CALL", allow=int(Allow.LIMIT_ROD | Allow.LIMIT_IOC), instrument=2)
    tale.say("limit orders are taken, market orders are not")
    again(**wrong)
    day.phase("CONTINUOUS", instrument=2)
    tale.say("every type is taken now, but not in this security")
    again(**wrong)
    day.book(2, qty_max=499_000, qty_min=2_000)
    day.prices(2, "100", up="110", down="90")
    tale.say("the security takes it, but a provider's line enters ROD only")
    again(**wrong)
    mend(tale, day, again, {**wrong, "tif": Tif.ROD}, last_rows())


def last_rows() -> Rows:
    return [
        ("a quantity, no lot", {"qty": 600_500}),
        ("a lot, too many", {"qty": 600_000}),
        ("too few", {"qty": 1_000}),
        ("enough; a market order has no price", {"qty": 2_000}),
        ("a limit order; the price is missing", {"ord_type": OrdType.LIMIT, "price": NO_PRICE}),
        ("the price is out of range", {"price": 0}),
        ("off tick", {"price": price("120.3")}),
        ("above the limit", {"price": price("120.5")}),
        ("below the limit", {"price": price("89.9")}),
        ("no pair number here", {"price": price("110"), "extra": 1}),
        ("nothing is wrong", {"extra": 0}),
    ]


def changes(tale: Tale) -> None:
    """REDUCE, REPRICE, CANCEL: every refusal in the order of the list, one defect mended a row."""
    day = tale.market("REPRICE", house())
    day.phase("OPEN_CALL")
    order = day.buy(1, "100", 5_000)
    dead = day.buy(1, "100", 5_000)
    day.cancel(dead)
    day.phase("PRE_OPEN", allow=int(Allow.LIMIT_ROD), instrument=1)
    rows: Rows = [
        ("unused bytes are clean", {"side": 0}),
        ("line 3 may not", {"line": 3}),
        ("line 4 may", {"line": 4, "cl_ord_id": 0}),
        ("a new id; price and quantity at once", {"cl_ord_id": 50}),
        ("only the price; the number was never given", {"qty": 0, "cl_ord_id": 51}),
        ("nothing is left of that order", {"order_no": dead, "cl_ord_id": 52}),
        ("another member's order", {"order_no": order, "cl_ord_id": 53}),
        ("the owner, the wrong instrument", {"line": 1, "cl_ord_id": 54}),
        ("the order's own segment; the phase does not take it", {"instrument": 1, "cl_ord_id": 55}),
    ]
    wrong = {"line": 9, "order_no": 99, "qty": 1, "price": price("120.3"), "side": 1, "instrument": 2, "attributes": 1}
    mend(tale, day, lambda **values: day.add(Kind.REPRICE, **values), wrong, rows)
    day.phase("PRE_OPEN", instrument=1)
    for number, (text, at) in enumerate(
        (("tick", "100.3"), ("above", "110.5"), ("below", "89.9"), ("good", "110")), 60
    ):
        tale.say(text)
        day.reprice(order, at, cl_ord_id=number)
    day.reprice(order, None, cl_ord_id=70)
    day.reprice(order, 0, cl_ord_id=71)
    for number, qty in enumerate((0, 500, 1_000, 9_000), 72):
        day.reduce(order, qty, cl_ord_id=number)
    tale.say("the price belongs to REPRICE")
    day.reduce(order, 1_000, price=price("100"), cl_ord_id=80)
    halted_and_barred(tale)


def halted_and_barred(tale: Tale) -> None:
    """SUSPENDED comes before what the security forbids; a market order has no price to change."""
    day = tale.market("barred", market("stock", reference="100"))
    day.book(2, allow=int(ALLOW_CONTINUOUS & ~(Allow.REPRICE | Allow.REDUCE)))
    day.phase("CONTINUOUS")
    limit, at_market = day.buy(2, "100", 1_000), day.buy(2, None, 1_000)
    day.halt(2)
    for number in (limit, at_market):
        day.reprice(number, "101", instrument=2)
    day.resume(2)
    day.reprice(limit, "101", instrument=2)
    day.reduce(limit, 1_000, instrument=2)
    other = day.buy(1, None, 1_000)
    tale.say("market to limit is not possible")
    day.reprice(other, "101")
    tale.say("the exchange may cancel anything, and nothing else")
    day.cancel(other, line=0)
    day.reduce(limit, 1_000, instrument=2, line=0)


def quotes_refused(tale: Tale) -> None:
    """QUOTE: its refusals in order; the smaller code of the two sides is the answer."""
    day = tale.market("QUOTE", house())
    day.default_line = 4
    day.phase("CLOSED", instrument=1)
    day.quote(1, ("100", 1_000), ("101", 1_000), line=1)
    tale.say("a number that is not the next one uses up none")
    day.quote(1, ("100", 1_000), ("101", 1_000), order_no=9)
    day.quote(9, ("100", 1_000), ("101", 1_000))
    day.quote(1, ("100", 1_000), ("101", 1_000), tif=0)
    day.quote(1, ("100", 1_000), ("101", 1_000), open_close=6)
    day.quote(1, ("100", 1_000), ("101", 1_000))
    day.phase("CONTINUOUS", instrument=1)
    day.quote(1, ("100", 1_000), ("101", 1_000), tif=Tif.IOC)
    tale.say("bid off tick (73), ask off lot (61): 61")
    day.quote(1, ("100.3", 1_000), ("101", 1_001))
    tale.say("both above the limit: the bid's")
    day.quote(1, ("120", 1_000), ("121", 1_000))
    day.quote(1, ("100", 1_000), None, ask_price=price("101"))
    day.quote(1, ("101", 1_000), ("101", 1_000))
    day.quote(1, ("100", 1_000), ("100.5", 1_000))


def security_takes_no_quote(tale: Tale) -> None:
    """QUOTE and QUOTE_REQUEST where the security does not know them."""
    day = tale.market("no-quotes", market("stock", reference="100"))
    day.line(4, member=4, rights=3)
    day.book(2, allow=int(ALLOW_CONTINUOUS & ~(Allow.QUOTE | Allow.QUOTE_REQUEST)))
    day.phase("CONTINUOUS")
    day.quote(2, ("100", 1_000), None, line=4)
    day.quote_request(2)
    day.quote_request(9)
    day.quote_request(1, side=3)
    day.quote_request(1, side=2, price=1)
    day.quote_request(1, side=2)
    day.halt(1)
    day.quote_request(1)


def bytes_and_runs(tale: Tale) -> None:
    """Kinds that are no commands, runs that are broken, bytes that nobody names."""
    day = tale.market("bytes", market("stock", reference="100"))
    day.phase("OPEN_CALL")
    day.add(Kind.ACCEPTED, order_no=1)
    day.text("alone")
    day.announce("one", "two", flags=3)
    day.announce(flags=0)
    tale.say("the order number is used up although a byte is wrong")
    day.buy(1, "100", 1_000, flags=1)
    tale.say("the client order id is not")
    day.buy(1, "100", 1_000, cl_ord_id=1)
    day.add(Kind.TIMER, attributes=1 << 13)
    record = bytearray(day.rows[-1])
    record[22:24], record[63] = b"\0\0", 1
    day.raw(bytes(record))
    day.mass_cancel(code=1)


def line_ids(tale: Tale) -> None:
    """5.2: the last id grows whatever is answered, except where the bytes were wrong; line 0 has none."""
    day = tale.market("ids", market("stock", reference="100"))
    day.phase("OPEN_CALL")
    day.buy(9, "100", 1_000, cl_ord_id=10)
    tale.say("10 was used by a refused order")
    day.buy(1, "100", 1_000, cl_ord_id=10)
    number = day.buy(1, "100", 1_000, cl_ord_id=11)
    tale.say("a line without the right: its id counts too")
    day.off_book_trade(1, "100", 5, line=2, cl_ord_id=7)
    day.buy(1, "100", 1_000, line=2, cl_ord_id=7)
    day.cancel(number, line=0, cl_ord_id=0)
    day.mass_cancel(line=0)


def block_numbers(tale: Tale) -> None:
    """Segments: pair numbers, the minimum by value, a fixed price without a close."""
    day = tale.market("segments", market("cent", reference="100"))
    big = {"lot": 1, "qty_min": 500_000, "value_min": price("15000000"), "rules": int(BookFlag.VALUE_MINIMUM)}
    day.book(1, segment=Segment.BLOCK, qty_max=QTY_MAX, **big)
    day.book(1, segment=Segment.BLOCK_PAIRED, qty_max=QTY_MAX, **big)
    day.book(1, segment=Segment.FIXED_PRICE)
    day.phase("OPEN_CALL")
    paired = {"segment": Segment.BLOCK_PAIRED}
    day.buy(1, "100", 500_000, **paired)
    day.buy(1, "100", 500_000, extra=7, **paired)
    day.buy(1, "100", 149_999, segment=Segment.BLOCK)
    day.buy(1, "100", 150_000, segment=Segment.BLOCK)
    fixed = {"segment": Segment.FIXED_PRICE, "ord_type": OrdType.LIMIT}
    day.buy(1, "100", 1_000, **fixed)
    day.buy(1, None, 1_000, **fixed)


STORIES = (
    new_order,
    changes,
    quotes_refused,
    security_takes_no_quote,
    bytes_and_runs,
    line_ids,
    block_numbers,
)
