"""A reader's books, rebuilt record by record, against the core that wrote the stream."""

import pytest

from evermarket.core import Core
from evermarket.records import Records
from evermarket.records.feed import ORDERS_OF, FeedChannel
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.snapshot import level_snapshot, order_snapshot, snapshot
from evermarket.venue.feed.views import BookView, Market
from tests.venue.feed.streams import SEEDS, blocks, whole


@pytest.mark.parametrize("seed", SEEDS)
def test_books_by_order_equal_the_cores_after_every_block(seed: int) -> None:
    core, fold, market = Core(), FeedFold(), Market()
    for block in blocks(core, seed):
        market.apply(fold.take(block).by_order)
        for (instrument, segment), book in market.books.items():
            where = f"seed {seed}, position {core.position}, instrument {instrument}, segment {segment}"
            want = tuple(core.depth(instrument, segment, 40)) if segment in ORDERS_OF else ([], [])
            assert book.depth(40) == want, where


@pytest.mark.parametrize("seed", SEEDS)
def test_books_by_level_are_what_the_fold_told(seed: int) -> None:
    fold, market = FeedFold(), Market()
    for block in whole(seed):
        market.apply(fold.take(block).by_level)
        for (instrument, segment), book in market.books.items():
            assert book.told_levels() == fold.told(instrument, segment)
            row = fold.state.books[fold.book_of(instrument, segment)]
            facts = (book.phase, book.mode, book.last, book.volume, book.turnover, book.high, book.low, book.open)
            names = ("phase", "mode", "last", "volume", "turnover", "high", "low", "open")
            assert facts == tuple(int(row[name]) for name in names)


def without_time(book: BookView) -> dict[str, object]:
    """A book's facts, but when it was last heard of."""
    facts = {name: getattr(book, name) for name in book.__struct_fields__ if name not in ("time", "orders")}
    return {**facts, "buys": book.queue(1), "sells": book.queue(2)}


@pytest.mark.parametrize("channel", [FeedChannel.ORDER_SNAPSHOT, FeedChannel.LEVEL_SNAPSHOT])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_snapshot_is_the_market_at_its_sequence(seed: int, channel: FeedChannel) -> None:
    fold, market = FeedFold(), Market()
    for number, block in enumerate(whole(seed)):
        told = fold.take(block)
        market.apply(told.by_order if channel == FeedChannel.ORDER_SNAPSHOT else told.by_level)
        if number % 20 == 0:
            late = Market()
            late.replace(snapshot(fold, channel))
            assert list(late.books) == list(market.books)
            for key, book in market.books.items():
                assert without_time(late.books[key]) == without_time(book), f"seed {seed}, block {number}, {key}"


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_of_a_snapshot_come_in_price_time_order(seed: int) -> None:
    fold, late = FeedFold(), Market()
    for block in whole(seed):
        fold.take(block)
    late.replace(order_snapshot(fold))
    for book in late.books.values():
        listed = list(book.orders.values())
        assert listed == book.queue(1) + book.queue(2)


def test_a_snapshot_of_nothing_is_empty() -> None:
    empty: Records = level_snapshot(FeedFold())
    assert len(empty) == 0
