"""The LOBSTER sample: the best level after each message is the one of the book file as often as it can be known."""

import numpy as np
import polars as pl

from evermarket.day import lobster
from evermarket.day.whole import Wishes, hold_day
from tests.days.places import real_core, shared

KNOWN_ROWS = 954
"""Rows whose first level can be known from ten levels at the start (the data's own README)."""


def test_the_best_level_is_that_of_the_book_file() -> None:
    folder = shared("lobster_aapl")
    path = lobster.message_file(folder)
    assert path is not None
    source = lobster.read(path)
    book = pl.read_csv(folder / "orderbook_10_first_998.csv.gz")
    facts = hold_day(source, real_core(), Wishes(watch_books=False, levels_after=np.arange(1, book.height + 1)))
    assert facts.levels is not None
    columns = book.select("ask_price_1", "ask_size_1", "bid_price_1", "bid_size_1").rows()
    equal = sum(
        row == (asks["price"][0], asks["qty"][0], bids["price"][0], bids["qty"][0])
        for row, (bids, asks) in zip(columns, facts.levels.rows, strict=True)
    )
    assert equal >= KNOWN_ROWS
