"""The course of a day: checks and postponements, volatility calls, periodic auctions, halts, odd lots, fixed price."""

from evermarket.records import Kind
from evermarket.records.kinds import Action, Allow, BookFlag, Match, Mode, OrdType, Segment, Special, Tif
from evermarket.records.units import QTY_MAX
from tests.models.builder import Builder, market, price, seconds
from tests.vectors.stories.examples import asks, banded, bids
from tests.vectors.tale import Tale

CHECKED = BookFlag.CALL_CHECK | BookFlag.VOLATILITY
FIRST = Action.FIRST_MATCH | Action.CHECK_PRICES | Action.CHECK_CANCELS
CLOSE = Action.SET_CLOSE | Action.CHECK_PRICES
LATE = {"postpone_ns": seconds(120)}


def call_market() -> Builder:
    """A checked book in its pre-open, one lot matched at 100 in the simulated match."""
    day = market("stock", clock="08:58:00", rules=int(CHECKED), reference="100")
    day.phase("PRE_OPEN")
    bids(day, "100x10")
    asks(day, "100x10")
    day.indicate()
    return day


def start_check(day: Builder) -> None:
    day.at("08:59:00")
    day.phase("PRE_OPEN", actions=Action.CHECK_START)


def open_all(day: Builder) -> int:
    """The opening match; when a postponed one is due."""
    day.at("09:00:00")
    due = day.now + seconds(120)
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=FIRST, **LATE)
    return due


def postponed_by_price(tale: Tale) -> None:
    """The pre-open check: a simulated price more than 3.5 % from the one before puts the opening match off."""
    day = tale.market("postponed", call_market())
    start_check(day)
    bids(day, "104x30")
    asks(day, "104x10")
    tale.say("100, then 104: 4 %")
    day.indicate()
    due = open_all(day)
    bids(day, "103.5x5")
    tale.say("one nanosecond early")
    day.add(Kind.TIMER, time=due - 1, instrument=1, attributes=1, code=Special.POSTPONED_OPEN, due=due)
    day.timer(1, Special.POSTPONED_CLOSE, due)
    day.timer(1, Special.POSTPONED_OPEN, due)
    tale.say("it is over: the timer is not due again")
    day.timer(1, Special.POSTPONED_OPEN, due)
    day = tale.market("exactly", call_market())
    start_check(day)
    bids(day, "103.5x30")
    asks(day, "103.5x10")
    tale.say("100, then 103.5: exactly 3.5 %, the match is held")
    day.indicate()
    open_all(day)
    day = tale.market("gone-and-back", call_market())
    start_check(day)
    day.mass_cancel(line=1)
    tale.say("the simulated price disappears and comes back: not counted")
    day.indicate()
    bids(day, "110x1")
    asks(day, "110x1")
    day.indicate()
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH | Action.CHECK_PRICES, **LATE)


def postponed_by_cancels(tale: Tale) -> None:
    """The pre-open check: 30 % of the entered quantity cancelled, reduced or re-priced in the minute."""
    for name, lots in (("below", 2), ("exactly", 3)):
        day = tale.market(name, market("stock", clock="08:58:00", rules=int(CHECKED), reference="100"))
        day.phase("PRE_OPEN")
        orders = [day.buy(1, "99", 1_000) for _ in range(10)]
        tale.say("before the minute: does not count")
        day.reprice(orders[9], "98")
        start_check(day)
        day.cancel(orders[0])
        day.reduce(orders[1], 1_000)
        if lots == 3:
            day.reprice(orders[2], "99.5")
        tale.say(f"{lots} lots of 10 were changed")
        open_all(day)


def postponed_close(tale: Tale) -> None:
    """The pre-close check: entry is shut for a minute, then opens; the postponed match sets the close."""
    day = tale.market("postponed-close", banded_and_checked())
    day.at("13:25:00")
    day.phase("CLOSE_CALL", actions=Action.PURGE_MARKET)
    bids(day, "100x1")
    asks(day, "100x1")
    day.indicate()
    day.at("13:29:00")
    day.phase("CLOSE_CALL", actions=Action.CHECK_START)
    bids(day, "96x5")
    asks(day, "96x20")
    day.indicate()
    day.at("13:30:00")
    start = day.now
    day.phase("POST_CLOSE", match=Match.UNCROSS, actions=CLOSE, postpone_ns=seconds(180), entry_ns=seconds(60))
    tale.say("entry is shut")
    bids(day, "97x1")
    day.timer(1, Special.ENTRY_OPENS, start + seconds(60))
    tale.say("entry is open")
    bids(day, "97x1")
    tale.say("no second opening")
    day.timer(1, Special.ENTRY_OPENS, start + seconds(60))
    day.indicate()
    day.timer(1, Special.POSTPONED_CLOSE, start + seconds(180))
    day.phase("ENDED", actions=Action.EXPIRE)


def banded_and_checked() -> Builder:
    """Opened at 100, both checks on."""
    day = market("cent", clock="08:59:00", rules=int(CHECKED), reference="100")
    day.phase("OPEN_CALL")
    asks(day, "100x1")
    bids(day, "100x1")
    day.at("09:00:00")
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    return day


def volatility_call(tale: Tale) -> None:
    """A volatility call: market orders go, only limit ROD comes in, the auction is not tested, trading goes on."""
    day = tale.market("call", banded())
    tale.say("two market sells and nobody to meet: they rest on top")
    day.sell(1, None, 1_000)
    day.sell(1, None, 1_000)
    asks(day, "101x1 110x2")
    tale.say("the market sells first, at the lowest of last price and limits; then 101; 110 is outside")
    due = day.now + seconds(120)
    day.buy(1, "110", 5_000)
    tale.say("neither IOC nor market orders come in now")
    day.buy(1, "109", 1_000, tif=Tif.IOC)
    day.sell(1, None, 1_000)
    asks(day, "108x1")
    day.indicate()
    tale.say("the auction is not tested against the band")
    day.timer(1, Special.VOLATILITY, due)
    tale.say("R is the call's price for five minutes")
    bids(day, "104x1")
    asks(day, "104x2")
    day = tale.market("resting-market", banded())
    day.buy(1, None, 1_000)
    tale.say("the resting market buy would pay 104: outside; it goes when the call starts, the sell stays")
    asks(day, "104x1")


def falls_into_close(tale: Tale) -> None:
    """A volatility call that is still on at the closing call: it ends without a match and collects on."""
    day = tale.market("into-close", banded())
    asks(day, "104x1")
    bids(day, "104x2")
    due = day.now - 1_000_000 + seconds(120)
    tale.say("the call ends, no match, still collecting")
    day.phase("CLOSE_CALL", actions=Action.PURGE_MARKET)
    tale.say("its timer is nobody's now")
    day.timer(1, Special.VOLATILITY, due)
    day.phase("POST_CLOSE", match=Match.UNCROSS, actions=Action.SET_CLOSE)
    day = tale.market("into-continuous", banded())
    asks(day, "104x1")
    bids(day, "104x2")
    tale.say("a phase that does not collect: the match it owes is held first")
    day.phase("CONTINUOUS")


def purge(tale: Tale) -> None:
    """PURGE_MARKET at 13:25: resting market orders go, buys first; EXPIRE: everything, best first."""
    day = tale.market("purge", market("stock"))
    day.book(3)
    day.phase("CONTINUOUS")
    day.buy(3, None, 1_000)
    day.sell(3, None, 2_000)
    day.buy(3, None, 3_000)
    day.phase("CLOSE_CALL", actions=Action.PURGE_MARKET)
    for bid, ask in (("99", "199"), ("100", "190"), ("98", "198")):
        day.buy(3, bid, 1_000)
        day.sell(3, ask, 1_000)
    day.phase("ENDED", actions=Action.EXPIRE)


def periodic(tale: Tale) -> None:
    """Periodic auctions: each uncross is a phase; one that moves more than 3.5 % waits two minutes."""
    day = tale.market("periodic", market("stock", rules=int(BookFlag.PERIODIC_CHECK), reference="50"))
    day.phase("PERIODIC_CALL")
    bids(day, "50x2")
    asks(day, "50x1")
    day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    bids(day, "51.7x1")
    asks(day, "51.7x1")
    tale.say("51.7: 3.4 %")
    day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.CHECK_LAST, **LATE)
    bids(day, "54x1")
    asks(day, "53.6x1")
    due = day.now + seconds(120)
    tale.say("53.6 against 51.7: postponed")
    day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.CHECK_LAST, **LATE)
    tale.say("the next round passes it by")
    day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.CHECK_LAST, **LATE)
    bids(day, "52x1")
    day.timer(1, Special.POSTPONED_PERIODIC, due)
    day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.CHECK_LAST, **LATE)


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


STORIES = (
    postponed_by_price,
    postponed_by_cancels,
    postponed_close,
    volatility_call,
    falls_into_close,
    purge,
    periodic,
    indications,
    draw,
    halts,
    halted_in_call,
    odd_lots,
    fixed_price,
    blocks,
    midnight,
    groups,
)
