"""Places where a fault planted in a core once went unnoticed: each market makes one of them show."""

from evermarket.records.kinds import Action, Allow, BookFlag, Match, OrdType, Segment, Side, Special
from tests.models.builder import market, seconds
from tests.vectors.stories.calls import FIRST, call_market, open_all, start_check
from tests.vectors.stories.examples import LOT, asks, banded, bids
from tests.vectors.tale import Tale


def between_ticks(tale: Tale) -> None:
    """A tie goes to the tick nearest to a reference that is on no tick; two equally near: the lower."""
    for name, reference in (("nearer-below", "100.2"), ("half-way", "100.25"), ("nearer-above", "100.3")):
        day = tale.market(name, market("stock", reference=reference))
        day.phase("OPEN_CALL")
        bids(day, "102x1")
        asks(day, "100x1")
        day.phase("CONTINUOUS", match=Match.UNCROSS, actions=FIRST)


def fixed_price_is_left_over(tale: Tale) -> None:
    """After-hours fixed price with more on one side: what is left stays, first come."""
    for name, buys, sells in (("more-buys", (3_000, 2_000), (1_000, 3_000)), ("more-sells", (2_000,), (1_000, 4_000))):
        day = tale.market(name, banded())
        fixed = {"segment": Segment.FIXED_PRICE, "ord_type": OrdType.LIMIT}
        day.book(1, segment=Segment.FIXED_PRICE, group=5, allow=int(Allow.LIMIT_ROD | Allow.CANCEL))
        day.phase("POST_CLOSE", match=Match.UNCROSS, actions=Action.SET_CLOSE)
        day.phase("FIXED_PRICE", group=5)
        for qty in buys:
            day.buy(1, None, qty, **fixed)
        for qty in sells:
            day.sell(1, None, qty, **fixed)
        day.phase("FIXED_PRICE", group=5, match=Match.FIXED_PRICE)
        tale.say("what is left, told again by its cancellation")
        day.phase("ENDED", group=5, actions=Action.EXPIRE)


def unused_bytes_use_no_id(tale: Tale) -> None:
    """OFF_BOOK_TRADE and VOID_TRADE with unused bytes set: refused, and the same id is good afterwards."""
    day = tale.market("ids", market("cent", reference="100"))
    day.line(3, member=3, rights=4)
    day.phase("CONTINUOUS")
    for flags in (1, 0):
        day.off_book_trade(1, "100", 1_000, line=3, cl_ord_id=1, flags=flags)
    for flags in (1, 0):
        day.void_trade(1, line=3, cl_ord_id=2, flags=flags)
    day.void_trade(1, line=0, flags=1)


def one_order_a_side(tale: Tale) -> None:
    """A book with one live order on each side takes no new definition and no new prices; a one-sided one neither."""
    for name, both in (("two-sided", True), ("sale-only", False)):
        day = tale.market(name, market("stock", reference="100"))
        day.phase("CONTINUOUS")
        if both:
            bids(day, "99x1")
        asks(day, "101x1")
        day.prices(1, "105")
        day.book(1, lot=1)


def open_or_close(tale: Tale) -> None:
    """open_close 5 is the last one there is."""
    day = tale.market("last", market("stock", reference="100"))
    day.phase("CONTINUOUS")
    for open_close in (5, 6):
        day.buy(1, "100", LOT, open_close=open_close)


def another_table(tale: Tale) -> None:
    """A book whose tick table is replaced after an order was cancelled knows nothing of the old one."""
    day = tale.market("tables", market("stock", reference="100"))
    day.tick_table(2, "cent")
    day.phase("CONTINUOUS")
    order = day.buy(1, "100.5", LOT)
    day.cancel(order)
    day.book(1, table=2)
    day.prices(1, "100")
    day.buy(1, "100.51", LOT)
    day.sell(1, "100.51", 2 * LOT)


def group_in_order(tale: Tale) -> None:
    """Books that change their group come in book order all the same: first, last and in the middle."""
    day = tale.market("moves", market("stock", reference="100"))
    for instrument in range(2, 6):
        day.book(instrument, group=2 if instrument in (2, 4) else 1)
        day.prices(instrument, "100")
    for instrument, group in ((3, 2), (1, 2), (5, 2), (4, 1), (2, 1), (3, 1)):
        day.book(instrument, group=group)
        for asked in (1, 2):
            day.phase("OPEN_CALL", group=asked)
            day.phase("CLOSED", group=asked)


def average_with_a_rest(tale: Tale) -> None:
    """The band round an average that is no whole number: its lowest price is rounded up, its highest down."""
    for name, at in (("inside", "96.82"), ("outside", "96.81")):
        day = tale.market(name, banded())
        first = day.now + seconds(400)
        for price, lots in (("100", 2), ("101", 1)):
            day.sell(1, price, lots * LOT, time=first)
            day.buy(1, price, lots * LOT, time=first)
        day.buy(1, at, LOT)
        tale.say("the average is 100 and a third; 3.5 per cent below it is 96.8216...")
        day.sell(1, at, LOT)


def markets_are_purged(tale: Tale) -> None:
    """Market orders that are left are deleted before a call, on the side where they are and no other."""
    for name, side in (("buys", Side.BUY), ("sells", Side.SELL)):
        day = tale.market(name, market("cent", reference="100"))
        day.phase("CONTINUOUS")
        for _ in range(2):
            (day.buy if side == Side.BUY else day.sell)(1, None, LOT)
        (bids if side == Side.BUY else asks)(day, "99x1" if side == Side.BUY else "101x1")
        day.phase("CLOSE_CALL", actions=Action.PURGE_MARKET)


def resumption_after_the_first_match(tale: Tale) -> None:
    """A phase that ends a resumption's call in continuous trading does not make a second first match of it."""
    day = tale.market("later", banded())
    first = day.now
    trade_at = first + seconds(10)
    day.sell(1, "100", LOT, time=trade_at)
    day.buy(1, "100", LOT, time=trade_at)
    day.halt(1)
    due = day.now + seconds(60)
    day.resume(1, until=due)
    bids(day, "102x1")
    asks(day, "102x1")
    day.now = first + seconds(400)
    day.phase("CONTINUOUS", actions=FIRST)
    asks(day, "105x1")
    bids(day, "105x1")
    day.timer(1, Special.RESUMPTION, due)


def average_to_the_unit(tale: Tale) -> None:
    """The band round an average, at every price unit beside its edges: with a rest, and without one."""
    cases = (
        ("whole", (("100", 1), ("102", 1)), "974650", "1045350"),
        ("rest", (("100", 2), ("101", 1)), "968217", "1038450"),
        ("larger-rest", (("100", 1), ("101", 2)), "971434", "1041900"),
    )
    for name, trades, low, high in cases:
        for side, edge, step in (("low", int(low), -1), ("high", int(high), 1)):
            for where, at in (("inside", edge), ("outside", edge + step)):
                day = tale.market(f"{name}-{side}-{where}", market("unit", rules=BookFlag.VOLATILITY, reference="100"))
                day.phase("CONTINUOUS", actions=FIRST)
                first = day.now + seconds(400)
                for price, lots in trades:
                    day.sell(1, price, lots * LOT, time=first)
                    day.buy(1, price, lots * LOT, time=first)
                rests, comes = (day.buy, day.sell) if side == "low" else (day.sell, day.buy)
                rests(1, at, LOT)
                comes(1, at, LOT)


def run_cut_off_by_the_batch(tale: Tale) -> None:
    """A run that announces more texts than the batch still holds: its head is refused alone."""
    for texts in ((), ("one",), ("one", "two")):
        day = tale.market(f"holds-{len(texts)}", market("stock", reference="100"))
        day.announce(*texts, flags=3)


def limits_taken_away(tale: Tale) -> None:
    """Prices given again without limits: any price in range is good."""
    day = tale.market("free", market("stock", reference="100", up="110", down="90"))
    day.phase("CONTINUOUS")
    day.buy(1, "110.5", LOT)
    day.prices(1, "100")
    for at in ("110.5", "2000", "0.01"):
        day.buy(1, at, LOT)
        day.sell(1, at, LOT)


def resumption_is_the_first_match(tale: Tale) -> None:
    """A phase that ends a resumption's call in continuous trading is the book's first match, if it had none."""
    day = tale.market("first", market("cent", rules=BookFlag.VOLATILITY, reference="100"))
    day.phase("OPEN_CALL")
    day.halt(1)
    day.resume(1, until=day.now + seconds(60))
    day.phase("CONTINUOUS")
    tale.say("the band is round the reference now")
    asks(day, "104x1")
    bids(day, "104x1")


def resumption_is_no_second_first_match(tale: Tale) -> None:
    """A phase that ends a resumption's call leaves the first match where it was: the band goes by the trades since."""
    day = tale.market("later", banded())
    trade_at = day.now + seconds(400)
    day.sell(1, "100", LOT, time=trade_at)
    day.buy(1, "100", LOT, time=trade_at)
    day.halt(1)
    day.resume(1, until=day.now + seconds(60))
    bids(day, "102x1")
    asks(day, "102x1")
    day.phase("CONTINUOUS")
    asks(day, "105x1")
    tale.say("105 is inside the band round 102, the call's price, and outside that round 100, the trades' average")
    bids(day, "105x1")


def postponed_into_a_call(tale: Tale) -> None:
    """A call that ends a postponed opening without a match: no first match, so no band in what follows."""
    day = tale.market("lapsed", call_market())
    start_check(day)
    bids(day, "104x30")
    asks(day, "104x10")
    day.indicate()
    open_all(day)
    day.phase("CLOSE_CALL")
    day.mass_cancel(line=1)
    day.phase("CONTINUOUS")
    asks(day, "109x1")
    bids(day, "109x1")


def bands_rise(tale: Tale) -> None:
    """A band of a tick table starts above the one before it, not at it."""
    for name, table in (("same", 2), ("the-last-table", 4_095)):
        day = tale.market(name, market("stock", reference="100"))
        for start in ("0", "10", "10", "9", "20"):
            day.tick_table(table, [(start, "1")])


def mass_cancel_uses_no_id(tale: Tale) -> None:
    """MASS_CANCEL with unused bytes set: refused, and a smaller id is good afterwards."""
    day = tale.market("ids", market("cent", reference="100"))
    day.phase("CONTINUOUS")
    for number, flags in ((9, 1), (3, 0)):
        day.mass_cancel(line=1, cl_ord_id=number, flags=flags)


STORIES = [
    another_table,
    average_to_the_unit,
    average_with_a_rest,
    bands_rise,
    between_ticks,
    fixed_price_is_left_over,
    group_in_order,
    limits_taken_away,
    markets_are_purged,
    mass_cancel_uses_no_id,
    one_order_a_side,
    open_or_close,
    postponed_into_a_call,
    resumption_after_the_first_match,
    resumption_is_no_second_first_match,
    resumption_is_the_first_match,
    run_cut_off_by_the_batch,
    unused_bytes_use_no_id,
]
