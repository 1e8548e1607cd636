"""Priorities, changes, quotes, mass cancels: what members do with their orders."""

from evermarket.records.kinds import ALLOW_CONTINUOUS, Allow, BookFlag, Segment, Tif
from tests.models.builder import Builder, market
from tests.vectors.stories.examples import asks, bids, continuous
from tests.vectors.tale import Tale


def priority(tale: Tale) -> None:
    """Price, then time. Reducing keeps the place, re-pricing loses it, even to the same price."""
    day = tale.market("priority", continuous("stock", reference="100"))
    first, second, third = (day.buy(1, "100", 3_000) for _ in range(3))
    day.reduce(first, 1_000)
    tale.say("to the same price: behind the others")
    day.reprice(second, "100")
    tale.say("first, then third, then second")
    day.sell(1, "100", 6_000)
    day.cancel(second)
    tale.say("filled: nothing is left to cancel")
    day.cancel(third)
    tale.say("more than is left: takes what is left, code 1")
    rest = day.buy(1, "99", 2_000)
    day.reduce(rest, 5_000)


def reprice_trades(tale: Tale) -> None:
    """A re-priced order comes in again: it may trade at once, at the resting prices."""
    day = tale.market("reprice", continuous("stock", reference="100"))
    asks(day, "101x2 102x2")
    order = day.buy(1, "100", 3_000)
    day.reprice(order, "102")


def market_against_market(tale: Tale) -> None:
    """Market orders: on top of their side, converted anew at each fill, nothing without any price."""
    day = tale.market("no-price", market("stock"))
    day.book(3)
    day.phase("CONTINUOUS")
    tale.say("book 3 has no reference, no limit order, no trade: two market orders rest opposite each other")
    day.buy(3, None, 1_000)
    day.sell(3, None, 2_000)
    day.sell(3, None, 1_000, tif=Tif.IOC)
    day.sell(3, None, 1_000, tif=Tif.FOK)
    tale.say("a limit brings a price")
    day.sell(3, "50", 1_000)
    day.buy(3, "49.9", 4_000)
    day = tale.market("conversion", continuous("cent", reference="100", last="100"))
    tale.say("the reference, the last price and the highest limits of both sides: the buy goes to the highest")
    day.buy(1, None, 1_000)
    day.buy(1, None, 1_000)
    asks(day, "100.5x1")
    day.sell(1, None, 1_000, tif=Tif.IOC)


def fok(tale: Tale) -> None:
    """FOK over several levels, through a resting market order: all or nothing."""
    day = tale.market("FOK", continuous("stock", reference="100", last="100"))
    day.sell(1, None, 1_000)
    asks(day, "101x1 102x2")
    day.buy(1, "101", 3_000, tif=Tif.FOK)
    day.buy(1, "102", 4_000, tif=Tif.FOK)


def quotes(tale: Tale) -> None:
    """QUOTE: both sides, replaced as a whole, one side, none; a quote trades like any order."""
    day = tale.market("quotes", provider_market())
    day.quote(5, ("50", 10_000), ("50.1", 10_000), line=4)
    tale.say("the new quote takes the place of the old one, and trades")
    day.sell(5, "50.05", 3_000)
    day.quote(5, ("50.05", 10_000), ("50.1", 5_000), line=4, attributes=1 | 5 << 7)
    tale.say("one side only")
    day.quote(5, None, ("50.2", 5_000), line=4)
    tale.say("no side: the quote is withdrawn")
    day.quote(5, None, None, line=4)


def provider_market() -> Builder:
    """Book 5 with NO_SELF_TRADE; lines 4 and 5 of one member with one account."""
    day = market("stock", reference="50")
    day.tick_table(2, "fund")
    day.line(4, member=4, rights=3, account=88)
    day.line(5, member=4, rights=3, account=88)
    day.book(5, table=2, rules=int(BookFlag.NO_SELF_TRADE))
    day.prices(5, "50")
    day.phase("CONTINUOUS")
    return day


def self_trade(tale: Tale) -> None:
    """NO_SELF_TRADE: two provider orders of one account never meet; what is left of the newcomer goes."""
    day = tale.market("self-trade", provider_market())
    day.sell(5, "50", 1_000)
    day.quote(5, None, ("50.05", 5_000), line=4)
    tale.say("trades with the stranger, stops at its own account")
    day.quote(5, ("50.05", 3_000), None, line=5)
    tale.say("another account, no provider: they meet")
    day.buy(5, "50.05", 1_000)


def mass_cancel(tale: Tale) -> None:
    """MASS_CANCEL: each filter, the member's own orders only, books that do not take cancels left out."""
    day = tale.market("mass-cancel", market("stock", reference="100"))
    day.line(3, member=1)
    day.line(4, member=4, rights=3, account=88)
    day.book(2)
    day.book(1, segment=Segment.ODD_LOT, lot=1, group=2)
    day.phase("OPEN_CALL")
    day.phase("ODD_LOT_CALL", group=2)
    for line in (1, 2, 3):
        with day.from_line(line):
            day.buy(1, "99", 1_000, account=line)
            day.sell(2, "101", 1_000)
            day.sell(1, "102", 1, segment=Segment.ODD_LOT)
    day.quote(2, ("98", 1_000), ("103", 1_000), line=4)
    day.sell(2, "104", 1_000, line=4)
    tale.say("another member's orders are not ours")
    day.mass_cancel(of_member=2)
    day.mass_cancel(instrument=9)
    day.mass_cancel(side=3)
    day.mass_cancel(quotes_only=1, line=4)
    day.mass_cancel(account=3)
    day.mass_cancel(of_line=3, instrument=2)
    day.mass_cancel(segment=Segment.ODD_LOT, side=2)
    day.phase("NO_CANCEL_CALL", instrument=1)
    tale.say("book 1 takes no cancels now")
    day.mass_cancel()
    day.phase("OPEN_CALL", instrument=1)
    tale.say("the exchange: everybody's")
    day.mass_cancel(line=0, of_member=2)
    day.mass_cancel(line=0)


def shanghai(tale: Tale) -> None:
    """SELL_ODD and TIE_MIDDLE: a sale may be any quantity; the tie goes to the least surplus, then to the middle."""
    day = tale.market("odd-sale", market("cent", reference="10"))
    rules = int(BookFlag.SELL_ODD | BookFlag.TIE_MIDDLE)
    allow = int(ALLOW_CONTINUOUS & ~Allow.REPRICE)
    day.book(4, lot=100, rules=rules, allow=allow)
    day.prices(4, "10", up="11", down="9")
    day.phase("OPEN_CALL")
    day.buy(4, "10.05", 150)
    order = day.sell(4, "10", 150)
    day.reduce(order, 30, instrument=4)
    day.buy(4, "10.05", 100)
    tale.say("120 sells against 100 buys: above 10.00 not all sells below the price could trade")
    day.phase("CONTINUOUS", match=1)
    day = tale.market("middle", market("cent", reference="10", rules=rules))
    day.phase("OPEN_CALL")
    bids(day, "10.05x3")
    asks(day, "10x3")
    tale.say("3 lots from 10.00 to 10.05, nothing left over: the middle is 10.025, halves up 10.03")
    day.phase("CONTINUOUS", match=1)
    day = tale.market("least-surplus", market("cent", reference="10", rules=rules))
    day.phase("OPEN_CALL")
    bids(day, "10.05x3 10.02x1")
    asks(day, "10x3")
    tale.say("3 lots from 10.00 to 10.05; above 10.02 no surplus is left: the middle of 10.03 to 10.05")
    day.phase("CONTINUOUS", match=1)


def anchor(tale: Tale) -> None:
    """The tie of 6.3 where the anchor is no tick, or does not exist: the lower."""
    day = tale.market("between-ticks", market("stock", reference="50.25"))
    day.phase("OPEN_CALL")
    bids(day, "50.4x1")
    asks(day, "50.1x1")
    tale.say("50.2 and 50.3 are equally near to 50.25")
    day.phase("CONTINUOUS", match=1)
    day = tale.market("no-anchor", market("stock"))
    day.book(3)
    day.phase("OPEN_CALL")
    day.buy(3, "50.4", 1_000)
    day.sell(3, "50.1", 1_000)
    day.phase("CONTINUOUS", match=1)


def far_from_the_reference(tale: Tale) -> None:
    """A book without limits: prices of any size, an auction over a million ticks, the ends of the range."""
    day = tale.market("wide", market("unit", reference="40.62"))
    day.phase("OPEN_CALL")
    day.buy(1, "100000", 3_000)
    day.buy(1, "99999.9999", 1_000)
    day.sell(1, "0.0001", 2_000)
    day.sell(1, "12.3456", 1_000)
    tale.say("107 374.1822 has the largest price number of this table")
    day.sell(1, 1_073_741_822, 1_000)
    day.sell(1, 1_073_741_823, 1_000)
    day.indicate()
    day.phase("CONTINUOUS", match=1)


STORIES = (
    priority,
    reprice_trades,
    market_against_market,
    fok,
    quotes,
    self_trade,
    mass_cancel,
    shanghai,
    anchor,
    far_from_the_reference,
)
