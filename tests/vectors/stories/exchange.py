"""What the exchange says and what happens off the book: reference data, announcements, off-book trades, voids."""

from evermarket.records import NO_PRICE, Kind
from evermarket.records.kinds import Segment
from evermarket.records.units import QTY_MAX
from tests.models.builder import Builder, market, price
from tests.vectors.tale import Tale


def reference_data(tale: Tale) -> None:
    """Reference data: each rule of its fields, the first broken one in the order of the body."""
    day = tale.market("reference", Builder("00:00:00"))
    day.add(Kind.REF_TICK, table=1, from_price=5, tick=1)
    day.add(Kind.REF_TICK, table=1, tick=0)
    day.add(Kind.REF_TICK, table=0, tick=100)
    day.tick_table(1, "stock")
    tale.say("not above the band before; not a multiple of its tick")
    day.tick_table(1, [("1000", "5"), ("1001", "5"), ("1002", "4")])
    for field in ({"member": 0}, {"line": 0}, {"line": 65_001}):
        day.line(**{"line": 1, "member": 1, **field})
    day.line(1, member=1)
    for field in ({"band_permille": 1_001}, {"number": 4_096}, {"window_s": -1}):
        day.stabilisation(**field)
    day.stabilisation(1)
    for field in ({"table": 7}, {"set": 7}, {"lot": 0}, {"qty_max": 0}, {"qty_max": QTY_MAX + 1}):
        day.book(1, **field)
    for field in ({"group": 0}, {"allow": 64}, {"product": 18}, {"segment": 7}, {"instrument": 65_001}):
        day.book(**{"instrument": 1, **field})
    tale.say("unused bytes come first")
    day.book(1, table=7, attributes=1 << 13)
    day.book(1, texts=("2330", "台積電"))
    day.book(1, flags=3)
    day.book(1, segment=Segment.ODD_LOT, lot=1)
    prices(day)
    day.add(Kind.REF_CONTRACT, instrument=1, attributes=1, strike=price("100"))


def prices(day: Builder) -> None:
    """REF_PRICES: known book, reference, both limits or none, in range, on tick, in order."""
    day.prices(2, "100")
    day.prices(1, 0)
    day.prices(1, "100", up="110")
    day.prices(1, "100", up="110.1", down="90")
    day.prices(1, "100", up="110", down="110.5")
    day.prices(1, "100", up=0, down="90")
    day.prices(1, "100.03", up="110", down="90", segment=0)


def redefined(tale: Tale) -> None:
    """REF_INSTRUMENT and REF_PRICES again: possible until the book is used."""
    day = tale.market("redefined", market("stock", reference="100", up="110", down="90"))
    day.phase("OPEN_CALL")
    tale.say("the limits are forgotten")
    day.book(1, lot=10)
    number = day.buy(1, "200", 10)
    day.book(1)
    day.prices(1, "100", segment=0)
    day.cancel(number)
    day.prices(1, "100", segment=0)
    tale.say("a line given again: another member, and its order is not the first one's any more")
    number = day.buy(1, "99", 10)
    day.line(1, member=7)
    day.cancel(number)
    day.cancel(number, line=2)


def announcements(tale: Tale) -> None:
    """ANNOUNCE: a head and one to fifteen texts; the event tells the head alone."""
    day = tale.market("announce", market("stock", reference="100"))
    day.announce("Trading in 2330 resumes at 10:30.", until=day.now + 1, audience=3)
    day.announce(*[f"line {number}" for number in range(15)], urgency=2)


def off_book(tale: Tale) -> None:
    """OFF_BOOK_TRADE takes a trade number and moves no price; VOID_TRADE marks a trade, once."""
    day = tale.market("off-book", market("stock", reference="100"))
    day.phase("CONTINUOUS")
    day.sell(1, "100", 1_000)
    day.buy(1, "100", 1_000)
    day.off_book_trade(1, "99.97", 12_345, buy_account=1, sell_account=2, sell_line=2, buy_open_close=1)
    day.off_book_trade(1, "100", 1, line=0, buy_line=0, sell_line=0)
    tale.say("the lines of both sides come before the book")
    day.off_book_trade(9, "100", 1, buy_line=8, sell_line=9)
    day.off_book_trade(9, "100", 0)
    day.off_book_trade(1, "100", 0)
    day.off_book_trade(1, "100", QTY_MAX + 1)
    day.off_book_trade(1, "100", 1, price=NO_PRICE)
    day.off_book_trade(1, "100", 1, price=0)
    day.off_book_trade(1, "100", 1, line=2)
    for trade in (0, 1, 1, 2, 9):
        day.void_trade(trade, instrument=1, price=price("100"), qty=1_000)
    tale.say("the exchange may")
    day.void_trade(3, line=0)


STORIES = (reference_data, redefined, announcements, off_book)
