"""What must hold after every command, whatever came in: quantities are conserved, no book in continuous trading is
crossed, numbers are dense, limits are respected.

The checks look at the state alone, not at how it came about.
"""

from evermarket.records.kinds import Mode, Phase, Segment, Side, Special
from evermarket.records.units import NO_PRICE
from tests.models.state import Book, Filled, Market

STANDING_LABELS = {
    Special.VOLATILITY: Phase.VOLATILITY_CALL,
    Special.POSTPONED_OPEN: Phase.POSTPONED_OPEN,
    Special.POSTPONED_CLOSE: Phase.POSTPONED_CLOSE,
    Special.POSTPONED_PERIODIC: Phase.POSTPONED_PERIODIC,
    Special.RESUMPTION: Phase.RESUMPTION_CALL,
}


def check_invariants(market: Market) -> None:
    """Raise AssertionError with the number at fault."""
    for book in market.books.values():
        check_orders(market, book)
        check_not_crossed(book)
        check_states(book)
    check_numbers(market)
    check_conservation(market)


def check_orders(market: Market, book: Book) -> None:
    """Live orders have something left, stand where they belong, on tick and inside the limits."""
    for order in book.orders:
        where = f"order {order.number}"
        assert order.leaves > 0, f"{where} has nothing left and is live"
        assert market.orders[order.number] is order, f"{where} is not the one that was accepted"
        assert (order.instrument, order.segment) == (book.instrument, book.segment), f"{where} is in the wrong book"
        if not order.has_limit:
            continue
        assert market.table(book).on_tick(order.price), f"{where} is off tick at {order.price}"
        if book.limit_up != NO_PRICE:
            assert book.limit_down <= order.price <= book.limit_up, f"{where} is beyond the limits at {order.price}"
    numbers = [order.number for order in book.orders]
    assert len(numbers) == len(set(numbers)), "an order stands twice"


def check_not_crossed(book: Book) -> None:
    """A book in continuous trading that is not halted has no buy at or above a sell."""
    bid, ask = book.best(Side.BUY), book.best(Side.SELL)
    if book.mode == Mode.CONTINUOUS and book.segment != Segment.FIXED_PRICE and bid is not None and ask is not None:
        assert bid < ask, f"book {book.instrument}/{book.segment} is crossed: {bid} >= {ask}"


def check_states(book: Book) -> None:
    """A halted book is shut and in no special state; a special state has its own label and collects."""
    if book.halted:
        assert (book.label, book.mode, book.standing) == (Phase.HALTED, Mode.SHUT, None), "halted and not shut"
    if book.standing is not None:
        assert book.label == STANDING_LABELS[book.standing.special], f"{book.standing} under label {book.label}"
        assert book.mode == Mode.COLLECT, f"{book.standing} in mode {book.mode}"


def check_numbers(market: Market) -> None:
    """Every priority was given once; order and trade numbers are below the next ones."""
    live = [order for book in market.books.values() for order in book.orders]
    priorities = [order.priority for order in live]
    assert len(priorities) == len(set(priorities)), "a priority was given twice"
    assert all(0 < priority < market.next_priority for priority in priorities)
    assert all(0 < number < market.next_order for number in market.orders)
    off_book_and_book = market.next_trade - 1
    assert len(market.fills) <= off_book_and_book, "a trade without a number"


def check_conservation(market: Market) -> None:
    """What traded is the same seen from the trades, the buyers, the sellers and the books."""
    bought: dict[int, int] = {}
    sold: dict[int, int] = {}
    for fill in market.fills:
        bought[fill.buy] = bought.get(fill.buy, 0) + fill.qty
        sold[fill.sell] = sold.get(fill.sell, 0) + fill.qty
        check_fill(market, fill)
    for order in market.orders.values():
        traded = (bought if order.side == Side.BUY else sold).get(order.number, 0)
        assert order.cum == traded, f"order {order.number} says {order.cum}, its trades {traded}"
        assert order.qty == order.cum + order.leaves + order.gone
        assert min(order.cum, order.leaves, order.gone) >= 0
    volume = sum(book.volume for book in market.books.values())
    assert volume == sum(fill.qty for fill in market.fills)
    assert sum(book.trades for book in market.books.values()) == len(market.fills)


def check_fill(market: Market, fill: Filled) -> None:
    """A buyer met a seller, and neither beyond his own limit."""
    assert market.orders[fill.buy].side == Side.BUY
    assert market.orders[fill.sell].side == Side.SELL
    assert fill.price > 0
    assert fill.buy_limit is None or fill.price <= fill.buy_limit, f"{fill}: dearer than the buyer's limit"
    assert fill.sell_limit is None or fill.price >= fill.sell_limit, f"{fill}: cheaper than the seller's limit"
