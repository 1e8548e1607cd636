"""All that a reader must know who comes late: the state of a fold as records of its channels' own kinds.

A cycle is a function of the stream up to the incremental sequence at which it stands. Book after book in the order of
definition: BOOK, LIMITS, STATE, DAY_PRICES, DAY_TOTALS, SIMULATED while orders collect, then LEVEL records as told
last, or DRAW and the orders in their places, buys then sales, best first. `position` counts the records of the cycle.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from evermarket.records import HEADER, NO_PRICE, Records
from evermarket.records import feed as wire
from evermarket.records.feed import FeedChannel, FeedKind
from evermarket.records.kinds import Mode
from evermarket.records.mixer import F1, F2, K0
from evermarket.records.raw import WHOLE
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.kernels import words as f

Array = npt.NDArray[Any]


def level_snapshot(fold: FeedFold) -> Records:
    """A cycle of the snapshot channel by level, which stands at `fold.sequences[1]`."""
    return _cycle(fold, [_levels(fold)])


def order_snapshot(fold: FeedFold) -> Records:
    """A cycle of the snapshot channel by order, which stands at `fold.sequences[0]`."""
    return _cycle(fold, [_draws(fold), _orders(fold)])


def snapshot(fold: FeedFold, channel: FeedChannel) -> Records:
    """The cycle of a snapshot channel."""
    return order_snapshot(fold) if channel == FeedChannel.ORDER_SNAPSHOT else level_snapshot(fold)


def draw_ranks(seeds: Array, order_nos: Array) -> Array:
    """`draw_rank` of docs/format.md, section 7, for whole arrays of u64."""
    with np.errstate(over="ignore"):
        h = (order_nos * np.uint64(K0)) ^ seeds
        for factor in (F1, F2):
            h = (h ^ (h >> np.uint64(33))) * np.uint64(factor)
        ranks: Array = h ^ (h >> np.uint64(33))
    return ranks


def _cycle(fold: FeedFold, parts: list[Records]) -> Records:
    """Common records and `parts` in the order of books; within a book as given; `position` has the book."""
    if fold.books == 0:
        return np.zeros(0, HEADER)
    rows = np.concatenate([part.view(WHOLE) for part in (*_common(fold), *parts)])
    cycle = rows[np.argsort(rows.view(HEADER)["position"], kind="stable")].view(HEADER)
    cycle["position"] = np.arange(1, len(cycle) + 1)
    cycle["time"] = fold.time
    return cycle


def _rows(kind: FeedKind, books: Array, numbers: Array) -> Records:
    """One record a book, its row number in `position`."""
    rows = np.zeros(len(numbers), wire.FEED_LAYOUT[kind])
    rows["position"], rows["kind"] = numbers, kind
    rows["instrument"], rows["attributes"] = books["instrument"], books["segment"]
    return rows


def _common(fold: FeedFold) -> list[Records]:
    books = fold.state.books[1 : fold.books + 1]
    numbers = np.arange(1, len(books) + 1)
    book = _rows(FeedKind.BOOK, books, numbers)
    for word in range(3):
        book.view("<u8").reshape(-1, 8)[:, 3 + word] = books[f"symbol_{word}"]
    for name in ("lot", "group", "product"):
        book[name] = books[name]
    limits = _rows(FeedKind.LIMITS, books, numbers)
    for name in ("reference", "limit_up", "limit_down", "previous_close"):
        limits[name] = books[name]
    state = _rows(FeedKind.STATE, books, numbers)
    state["code"] = books["told_phase"]
    for name, of in (
        ("due", "told_due"),
        ("price", "call_price"),
        ("reference", "call_reference"),
        ("mode", "told_mode"),
    ):
        state[name] = books[of]
    return [book, limits, state, *_figures(books, numbers)]


def _figures(books: Array, numbers: Array) -> list[Records]:
    prices = _rows(FeedKind.DAY_PRICES, books, numbers)
    for name in ("open", "high", "low", "close", "last"):
        prices[name] = books[name]
    totals = _rows(FeedKind.DAY_TOTALS, books, numbers)
    for name, of in (("qty", "last_qty"), ("trade_no", "last_trade_no")):
        totals[name] = books[of]
    for name in ("volume", "turnover", "trades"):
        totals[name] = books[name]
    shown = (books["mode"] == Mode.COLLECT) & (books["sim_price"] != NO_PRICE) & (books["shows_simulated"] != 0)
    simulated = _rows(FeedKind.SIMULATED, books[shown], numbers[shown])
    for name, of in (
        ("price", "sim_price"),
        ("volume", "sim_volume"),
        ("buy_left", "sim_buy"),
        ("sell_left", "sim_sell"),
    ):
        simulated[name] = books[of][shown]
    return [prices, totals, simulated]


def _levels(fold: FeedFold) -> Records:
    told = fold.state.told[f.TOLD : f.TOLD * (fold.books + 1)]
    there = np.flatnonzero(told["qty"])
    numbers = there // f.TOLD + 1
    books = fold.state.books[numbers]
    levels = _rows(FeedKind.LEVEL, books, numbers)
    levels["flags"] = np.where(told["count"][there] == 0, wire.LevelFlag.SIMULATED, 0)
    for name in ("price", "qty", "count"):
        levels[name] = told[name][there]
    levels["side"] = there % f.TOLD // f.SHOWN + 1
    levels["level"] = there % f.SHOWN + 1
    last = np.flatnonzero(np.diff(numbers, append=0))
    levels["flags"][last] |= np.uint8(wire.LevelFlag.LAST)
    return levels


def _draws(fold: FeedFold) -> Records:
    books = fold.state.books[1 : fold.books + 1]
    drawn = np.flatnonzero((books["draw_priority"] > 0) & (books["shows_orders"] != 0))
    rows = _rows(FeedKind.DRAW, books[drawn], drawn + 1)
    rows["seed"], rows["priority"] = books["draw_seed"][drawn], books["draw_priority"][drawn]
    rows["count"] = books["draw_count"][drawn]
    return rows


def _orders(fold: FeedFold) -> Records:
    state = fold.state
    last = int(state.core[0]["last_order"])
    numbers = np.flatnonzero(state.orders["left"][: last + 1])
    orders = state.orders[numbers]
    shown = state.books["shows_orders"][orders["book"]] != 0
    numbers, orders = numbers[shown], orders[shown]
    books = state.books[orders["book"]]
    is_drawn = orders["priority"] <= books["draw_priority"]
    ranks = draw_ranks(books["draw_seed"], numbers.astype(np.uint64))
    places = np.where(is_drawn, ranks, orders["priority"].astype(np.uint64))
    sign = np.where(orders["side"] == 0, -1, 1)
    keys = np.where(orders["price"] == NO_PRICE, NO_PRICE, sign * orders["price"])
    order = np.lexsort((places, ~is_drawn, keys, orders["side"], orders["book"]))
    numbers, orders, books = numbers[order], orders[order], books[order]
    rows = _rows(FeedKind.ORDER_ADDED, books, orders["book"])
    rows["price"], rows["priority"], rows["side"] = orders["price"], orders["priority"], orders["side"] + 1
    rows["qty"] = rows["leaves"] = orders["left"]
    rows["order_no"] = numbers
    return rows
