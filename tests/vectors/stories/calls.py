"""Matches put off and price calls: the checks before an auction, volatility calls, periodic auctions, the close."""

from evermarket.records import Kind
from evermarket.records.kinds import Action, BookFlag, Match, Special, Tif
from tests.models.builder import Builder, market, seconds
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


STORIES = (
    postponed_by_price,
    postponed_by_cancels,
    postponed_close,
    volatility_call,
    falls_into_close,
    purge,
    periodic,
)
