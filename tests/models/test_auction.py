"""The auction's price, found in three ways that know nothing of each other."""

import random

import pytest

from evermarket.records.kinds import BookFlag, OrdType, Side
from tests.models import auction
from tests.models.builder import TABLES, price
from tests.models.state import Book, Definition, Market, Order
from tests.models.ticks import TickTable


def table(name: str) -> TickTable:
    return TickTable([(price(start), price(tick)) for start, tick in TABLES[name]])


def order(number: int, side: int, at: int, qty: int) -> Order:
    return Order(number, 1, 1, 1, 1, 0, side, OrdType.LIMIT, 1, at, qty, 0, number)


def drawn_book(chance: random.Random, ticks: TickTable, rules: int) -> Book:
    """Some buys and sells around 10, where the stock table changes its tick; an anchor that may be no tick."""
    book = Book(1, 1, Definition(1, 1, 10**6, rules, 0, 1, 1, 0, 0))
    for number in range(1, chance.randint(3, 12)):
        at = ticks.price(1_000 + chance.randint(-12, 12))
        book.orders.append(order(number, chance.choice((Side.BUY, Side.SELL)), at, chance.randint(1, 4) * 10))
    anchor = ticks.price(1_000 + chance.randint(-15, 15)) + chance.choice((0, 0, 1, 50, 250))
    book.last = chance.choice((anchor, None))
    return book


@pytest.mark.parametrize("rules", [0, BookFlag.TIE_MIDDLE], ids=["nearest", "middle"])
def test_few_candidates_give_the_price_that_all_ticks_give(monkeypatch: pytest.MonkeyPatch, rules: int) -> None:
    ticks = table("stock")
    market = Market(tables={1: ticks})
    found = 0
    for seed in range(400):
        book = drawn_book(random.Random(seed), ticks, rules)
        every = auction.auction_price(market, book)
        with monkeypatch.context() as patch:
            patch.setattr(auction, "BRUTE_TICKS", 0)
            assert auction.auction_price(market, book) == every, f"seed {seed}"
        found += every is not None
    assert found > 100


def test_the_price_is_the_one_the_fills_confirm() -> None:
    """Matching first with first while they cross gives the auction's volume, and stops on its price's two sides."""
    ticks = table("stock")
    market = Market(tables={1: ticks})
    for seed in range(400):
        book = drawn_book(random.Random(seed), ticks, 0)
        found = auction.auction_price(market, book)
        buys, sells = book.limits(Side.BUY), book.limits(Side.SELL)
        volume = 0
        left = {one.number: one.qty for one in book.orders}
        while buys and sells and buys[0].price >= sells[0].price:
            qty = min(left[buys[0].number], left[sells[0].number])
            marginal = (sells[0].price, buys[0].price)
            volume += qty
            for queue in (buys, sells):
                left[queue[0].number] -= qty
                if not left[queue[0].number]:
                    queue.pop(0)
        assert (found is None) == (volume == 0)
        if found:
            assert found.volume == volume
            assert marginal[0] <= found.price <= marginal[1]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_price_s_number_counts_the_valid_prices_up_to_it(name: str) -> None:
    ticks = table(name)
    count = 0
    for at in range(1, 130_000):
        count += ticks.on_tick(at)
        if ticks.on_tick(at):
            assert ticks.price(count) == at
        if at % 97 == 0:
            assert ticks.number(at) == count


def test_neighbours_cross_the_border_of_two_bands() -> None:
    ticks = table("stock")
    assert ticks.above(price("49.95")) == price("50")
    assert ticks.above(price("50")) == price("50.1")
    assert ticks.below(price("50")) == price("49.95")
    assert ticks.below(price("50.03")) == price("50")
    assert ticks.below(price("0.01")) is None
