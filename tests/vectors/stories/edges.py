"""The last moment and the next one, and other places where one comparison decides."""

from evermarket.records.kinds import Action, BookFlag, Match, Mode
from tests.models.builder import Builder, market, seconds
from tests.vectors.stories.calls import CHECKED, FIRST, LATE, call_market, open_all, start_check
from tests.vectors.stories.examples import LOT, asks, banded, bids
from tests.vectors.tale import Tale

WINDOW = seconds(300)
MOMENTS = (("last-moment", 0), ("next-moment", 1))


def trade(day: Builder, at: str, time: int) -> None:
    """One lot at `at`, sold and bought at `time`."""
    day.sell(1, at, LOT, time=time)
    day.buy(1, at, LOT, time=time)


def after_first_match(tale: Tale) -> None:
    """The band's rule 2 holds up to and including window_ns after the first match; then rule 3."""
    for name, late in MOMENTS:
        day = tale.market(name, banded())
        first = day.now - 1_000_000
        trade(day, "103", first + seconds(10))
        day.sell(1, "103.6", LOT)
        tale.say("R is 100 in the last moment: 103.6 is outside; then R is 103")
        day.buy(1, "103.6", LOT, time=first + WINDOW + late)


def rolling_window(tale: Tale) -> None:
    """The band's rule 3 leaves out a trade that is exactly window_ns old."""
    for name, late in (("still-inside", -1), ("exactly-that-old", 0)):
        day = tale.market(name, banded())
        first = day.now + seconds(400)
        trade(day, "100", first)
        trade(day, "103", first + seconds(10))
        day.sell(1, "106", LOT)
        tale.say("R is 101.5 with both trades, 103 with the later one; 106 is inside only of the second")
        day.buy(1, "106", LOT, time=first + WINDOW + late)


def after_a_call(tale: Tale) -> None:
    """The band's rule 1 holds up to and including window_ns after the call; a call without a price gives rule 3."""
    for name, late in MOMENTS:
        day = tale.market(name, banded())
        asks(day, "104x1")
        bids(day, "104x1")
        ended = day.now
        day.phase("CONTINUOUS")
        trade(day, "107", ended + seconds(10))
        day.sell(1, "108", LOT)
        tale.say("R is 104, then 107")
        day.buy(1, "108", LOT, time=ended + WINDOW + late)
    day = tale.market("call-without-price", banded())
    trade(day, "103", day.now)
    asks(day, "104x1")
    bids(day, "104x1")
    day.mass_cancel(line=1)
    day.phase("CONTINUOUS")
    asks(day, "106x1")
    tale.say("no price in the call: the average of the trades, 103")
    bids(day, "106x1")


def beside_limits(tale: Tale) -> None:
    """A market order that rests beside limits of the other side, after a call: the highest sell, the lowest buy."""
    for name, first, both in (("buy", "buy", "105x1 106x1"), ("sell", "sell", "95x1 94x1")):
        day = tale.market(name, market("cent", reference="100"))
        day.phase("CONTINUOUS")
        order, others, against = (day.buy, asks, day.sell) if first == "buy" else (day.sell, bids, day.buy)
        order(1, None, LOT)
        day.phase("OPEN_CALL")
        others(day, both)
        day.phase("CONTINUOUS")
        tale.say("market against market, at the resting one's converted price")
        against(1, None, LOT)


def whose_cancels(tale: Tale) -> None:
    """The cancel check: the exchange's cancels and replaced quotes do not count; a mass cancel of a member does."""
    for name, line in (("by-the-exchange", 0), ("by-the-member", 1)):
        day = tale.market(name, call_market())
        start_check(day)
        day.cancel(1, line=line)
        open_all(day)
        day = tale.market(f"mass-{name}", call_market())
        start_check(day)
        day.mass_cancel(line=line, side=1)
        open_all(day)
    day = tale.market("quotes", call_market())
    day.line(4, member=4, rights=3)
    day.quote(1, ("90", 90_000), None, line=4)
    start_check(day)
    day.quote(1, ("91", 90_000), None, line=4)
    open_all(day)


def entered(tale: Tale) -> None:
    """The cancel check's denominator: orders accepted in calls before the first match, and no others."""
    day = tale.market("entered", call_market())
    open_all(day)
    day.phase("CLOSE_CALL", actions=Action.CHECK_START)
    for _ in range(9):
        bids(day, "90x10")
    day.cancel(3)
    tale.say("10 lots cancelled, 20 entered before the opening, 90 after it")
    day.phase("ENDED", match=Match.UNCROSS, actions=Action.SET_CLOSE | Action.CHECK_CANCELS, **LATE)


def periodic_edge(tale: Tale) -> None:
    """The periodic check: more than its own permille of the last price; exactly that does not count."""
    for name, at in (("exactly", "51"), ("beyond", "51.1")):
        day = tale.market(name, market("stock", rules=int(BookFlag.PERIODIC_CHECK), reference="50"))
        day.stabilisation(1, periodic_permille=20, call_permille=1)
        day.phase("PERIODIC_CALL")
        bids(day, "50x1")
        asks(day, "50x1")
        day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
        bids(day, f"{at}x1")
        asks(day, f"{at}x1")
        day.phase("PERIODIC_CALL", match=Match.UNCROSS, actions=Action.CHECK_LAST, **LATE)


def postponed_and_overtaken(tale: Tale) -> None:
    """A phase overtakes a postponed match: it is held, what it owed follows, and it is the first match of the band."""
    for name, repeated in (("owed", 0), ("asked-again", Action.FIRST_MATCH)):
        day = tale.market(name, call_market())
        start_check(day)
        bids(day, "104x30")
        asks(day, "104x10")
        day.indicate()
        open_all(day)
        day.phase("CONTINUOUS", match=Match.UNCROSS, actions=repeated)
        asks(day, "107x1")
        day.mass_cancel(line=1, side=1)
        tale.say("R is 104, not the reference: 107 is inside")
        bids(day, "107x1")
    day = tale.market("collected-on", call_market())
    start_check(day)
    bids(day, "104x30")
    asks(day, "104x10")
    day.indicate()
    open_all(day)
    tale.say("no match, and the first match is not owed any more: no band")
    day.phase("OPEN_CALL")
    day.phase("CONTINUOUS")
    asks(day, "120x1")
    bids(day, "120x1")


def told_again(tale: Tale) -> None:
    """INDICATIVE: an auction and a new call begin a new collection, in which everything is news."""
    day = tale.market("told-again", market("stock", reference="100"))
    day.phase("OPEN_CALL")
    for match, label in ((Match.UNCROSS, "OPEN_CALL"), (0, "CONTINUOUS"), (0, "OPEN_CALL"), (0, "OPEN_CALL")):
        bids(day, "100x1")
        asks(day, "100x1")
        day.indicate()
        day.phase(label, match=match)
    day.indicate()
    tale.say("lunch without a match: back in the call, the same figures are told again")
    day.phase("LUNCH")
    day.phase("OPEN_CALL")
    day.indicate()


def identifiers(tale: Tale) -> None:
    """A smaller id does not lower the last one; a line given again keeps it; lines of one member share their orders."""
    day = tale.market("identifiers", market("stock", reference="100"))
    day.line(3, member=1)
    day.phase("OPEN_CALL")
    for number in (10, 5, 7, 11):
        day.buy(1, "100", LOT, cl_ord_id=number)
    day.line(1, member=1)
    day.buy(1, "100", LOT, cl_ord_id=11)
    tale.say("the other line of the member")
    day.cancel(1, line=3)


def first_and_extreme(tale: Tale) -> None:
    """CLOSED: open is the first price ever, high and low the extremes; STATISTICS: the best unfilled limits."""
    day = tale.market("figures", market("cent", reference="100"))
    day.phase("CONTINUOUS")
    for at in ("100", "98", "103", "101"):
        trade(day, at, day.now)
    bids(day, "95x1 96x1")
    asks(day, "110x1 109x1")
    tale.say("no auction price: the close is the last price")
    day.phase("POST_CLOSE", match=Match.UNCROSS, actions=Action.SET_CLOSE)


def resumed_without_open(tale: Tale) -> None:
    """A halt before the opening: the resumption into continuous trading is the first match, whichever way it comes."""
    for name, late in (("at-once", 0), ("by-call", 60)):
        day = tale.market(name, market("cent", rules=int(CHECKED), reference="100"))
        day.phase("PRE_OPEN")
        bids(day, "104x2")
        asks(day, "104x1")
        day.halt(1)
        day.phase("CONTINUOUS", match=Match.UNCROSS, actions=FIRST, **LATE)
        due = day.now + seconds(late)
        day.resume(1, until=due if late else 0)
        if late:
            day.timer(1, 5, due)
        asks(day, "107x1")
        day.mass_cancel(line=1, side=1)
        tale.say("R is 104, the price of the resumption")
        bids(day, "107x1")
        asks(day, "112x1")
        bids(day, "112x1")


def paired_or_not(tale: Tale) -> None:
    """Mode PAIR in a book without pair numbers: same price, same quantity; market orders never pair."""
    day = tale.market("pair", market("stock", reference="100"))
    day.phase("BLOCK", mode=Mode.PAIR)
    day.buy(1, None, LOT)
    day.sell(1, None, LOT)
    bids(day, "100x1")
    asks(day, "100x2 99x1 100x1")


STORIES = (
    after_first_match,
    rolling_window,
    after_a_call,
    beside_limits,
    whose_cancels,
    entered,
    periodic_edge,
    postponed_and_overtaken,
    told_again,
    identifiers,
    first_and_extreme,
    resumed_without_open,
    paired_or_not,
)
