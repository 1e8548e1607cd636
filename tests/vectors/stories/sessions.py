"""The course of a day and its segments: indications, draws, halts, odd lots, fixed price, blocks, groups."""

from evermarket.records.kinds import Action, Allow, BookFlag, Match, Mode, OrdType, Segment, Special, Tif
from evermarket.records.units import QTY_MAX
from tests.models.builder import market, price, seconds
from tests.vectors.stories.calls import CHECKED, CLOSE, FIRST, LATE
from tests.vectors.stories.examples import asks, banded, bids
from tests.vectors.tale import Tale


def indications(tale: Tale) -> None:
    """INDICATE: told only when something is new; the last event counts them; empty books are silent."""
    day = tale.market("indicate", market("stock", reference="100"))
    day.book(2)
    day.phase("OPEN_CALL")
    day.indicate()
    asks(day, "100x1")
    bids(day, "101x3")
    day.indicate()
    day.indicate()
    tale.say("only what is left over has changed")
    bids(day, "101x1")
    day.indicate()
    day.indicate(instrument=1, segment=1)
    day.indicate(instrument=9)
    day.mass_cancel(line=1)
    tale.say("the price is gone: that is new too")
    day.indicate()


def draw(tale: Tale) -> None:
    """DRAW: the orders of each book take new priorities by their rank; empty books are left out."""
    day = tale.market("draw", market("stock", reference="100"))
    day.book(2)
    day.phase("OPEN_CALL")
    for _ in range(4):
        bids(day, "100x1")
    asks(day, "105x1")
    day.draw(12_345)
    asks(day, "100x2")
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    day.draw(1, instrument=2)
    day.draw(1, group=9)


def halts(tale: Tale) -> None:
    """HALT, RESUME: at once, through a call, in the middle of a special state, with cancels allowed."""
    day = tale.market("halt", banded())
    order = day.buy(1, "99", 1_000)
    day.halt(1, allow=int(Allow.CANCEL))
    day.buy(1, "99", 1_000)
    day.cancel(order)
    tale.say("a group's phase passes a halted book by; it is remembered for later")
    day.phase("CONTINUOUS", allow=int(Allow.LIMIT_ROD | Allow.CANCEL))
    day.resume(1)
    tale.say("it is not halted")
    day.resume(1)
    day.halt(1, allow=int(Allow.LIMIT_ROD | Allow.CANCEL))
    tale.say("orders may be collected while halted")
    bids(day, "101x2")
    asks(day, "100x1")
    due = day.now + seconds(60)
    day.resume(1, until=due)
    day.indicate()
    asks(day, "100x1")
    day.timer(1, Special.RESUMPTION, due)
    day.halt(1, allow=int(Allow.LIMIT_ROD))
    bids(day, "101x1")
    asks(day, "100x2")
    tale.say("at once: uncrossed first, since the group trades continuously")
    day.resume(1)
    day.halt(1)
    day.halt(9)
    tale.say("a halted book still gets its close and loses its orders")
    day.phase("ENDED", match=Match.UNCROSS, actions=Action.SET_CLOSE | Action.EXPIRE)


def halted_in_call(tale: Tale) -> None:
    """A halt during a volatility call forgets the call without an event; its timer is not due any more."""
    day = tale.market("halt-in-call", banded())
    asks(day, "104x1")
    bids(day, "104x2")
    due = day.now - 1_000_000 + seconds(120)
    day.halt(1)
    day.timer(1, Special.VOLATILITY, due)
    day.resume(1)


def odd_lots(tale: Tale) -> None:
    """Odd lots: a book of its own, 1 to 999 shares, limit ROD only, no re-pricing."""
    day = tale.market("odd-lots", market("stock", reference="100", up="110", down="90"))
    allow = int(Allow.LIMIT_ROD | Allow.CANCEL | Allow.REDUCE)
    odd = Segment.ODD_LOT
    day.book(1, segment=odd, lot=1, qty_max=999, group=2, allow=allow, set=1, rules=int(BookFlag.PERIODIC_CHECK))
    day.prices(1, "100", up="110", down="90", segment=odd)
    day.phase("ODD_LOT_CALL", group=2)
    day.buy(1, "100", 999, segment=odd)
    day.buy(1, "100", 1_000, segment=odd)
    order = day.sell(1, "99.9", 500, segment=odd)
    day.reprice(order, "100", segment=odd)
    day.sell(1, "99.9", 500, segment=odd, tif=Tif.IOC)
    tale.say("the regular book's last price does not move")
    day.phase("ODD_LOT_CALL", group=2, match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    day.phase("ENDED", group=2, match=Match.UNCROSS, actions=Action.EXPIRE)


def fixed_price(tale: Tale) -> None:
    """After-hours fixed price: orders without a price trade at the regular close, by drawn priority."""
    day = tale.market("fixed-price", banded())
    fixed = {"segment": Segment.FIXED_PRICE, "ord_type": OrdType.LIMIT}
    day.book(1, segment=Segment.FIXED_PRICE, group=5, allow=int(Allow.LIMIT_ROD | Allow.CANCEL | Allow.REDUCE))
    day.phase("FIXED_PRICE", group=5)
    tale.say("there is no close yet")
    day.buy(1, None, 1_000, **fixed)
    day.phase("POST_CLOSE", match=Match.UNCROSS, actions=Action.SET_CLOSE)
    for qty in (3_000, 1_000):
        day.buy(1, None, qty, **fixed)
    day.sell(1, None, 2_000, **fixed)
    order = day.sell(1, None, 3_000, **fixed)
    day.reduce(order, 1_000, segment=Segment.FIXED_PRICE)
    day.draw(99, group=5)
    tale.say("a simulated match would tell too much: the book is left out")
    day.indicate(group=5)
    day.phase("ENDED", group=5, match=Match.FIXED_PRICE, actions=Action.EXPIRE)


def blocks(tale: Tale) -> None:
    """Blocks: continuous without a pair, and two sides that are entered as a pair."""
    day = tale.market("blocks", market("cent", reference="100"))
    big = {"lot": 1, "qty_min": 500_000, "qty_max": QTY_MAX}
    day.book(1, segment=Segment.BLOCK, group=6, **big)
    day.book(1, segment=Segment.BLOCK_PAIRED, group=7, **big)
    day.phase("BLOCK", group=6)
    day.phase("BLOCK", group=7, mode=Mode.PAIR, allow=int(Allow.LIMIT_ROD | Allow.CANCEL))
    single, paired = {"segment": Segment.BLOCK}, {"segment": Segment.BLOCK_PAIRED}
    day.sell(1, "100.01", 600_000, **single)
    day.buy(1, "100.02", 500_000, **single)
    day.sell(1, "99", 600_000, extra=1, **paired)
    tale.say("another pair, another quantity, another price: they wait")
    day.buy(1, "99", 600_000, extra=2, **paired)
    day.buy(1, "99", 600_001, extra=1, **paired)
    day.buy(1, "99.01", 600_000, extra=1, **paired)
    tale.say("its other side")
    day.buy(1, "99", 600_000, extra=1, **paired)


def midnight(tale: Tale) -> None:
    """Empty books through a whole day: auctions without a price, a close without a trade."""
    day = tale.market("empty", market("stock", clock="00:00:00", rules=int(CHECKED), reference="100"))
    day.phase("PRE_OPEN")
    day.indicate()
    day.draw(7)
    day.phase("PRE_OPEN", actions=Action.CHECK_START)
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=FIRST, **LATE)
    day.phase("CLOSE_CALL", actions=Action.PURGE_MARKET)
    day.phase("POST_CLOSE", match=Match.UNCROSS, actions=CLOSE, **LATE)
    day.phase("ENDED", actions=Action.EXPIRE)
    day.mass_cancel(line=0)


def groups(tale: Tale) -> None:
    """Phases by group and by instrument; a book defined later takes over its group's row; wrong fields."""
    day = tale.market("groups", market("stock", reference="100"))
    day.book(2, group=2)
    day.phase("CONTINUOUS")
    day.phase("OPEN_CALL", instrument=1, segment=1)
    day.phase("OPEN_CALL", group=9)
    day.phase("OPEN_CALL", instrument=9)
    for field in ({"code": 20}, {"mode": 5}, {"match": 3}, {"code": 0}):
        day.phase("OPEN_CALL", **field)
    day.book(3)
    tale.say("it trades continuously from its first moment")
    day.buy(3, "100", 1_000)
    day.sell(3, "100", 1_000)
    tale.say("used books keep their definition, their prices and their ticks")
    day.book(3)
    day.prices(3, price("100"))
    day.tick_table(1, [("5000", "10")])


STORIES = (indications, draw, halts, halted_in_call, odd_lots, fixed_price, blocks, midnight, groups)
