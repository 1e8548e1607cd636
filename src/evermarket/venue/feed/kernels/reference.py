"""Books, their prices, the day's figures, news and draws: what is told once or seldom."""

from typing import Any

from evermarket.core import words as w
from evermarket.core.jit import kernel
from evermarket.core.words import NONE, i64, u64
from evermarket.venue.feed.kernels import words as f
from evermarket.venue.feed.kernels.emit import both, level_row, order_row
from evermarket.venue.feed.kernels.orders import touch
from evermarket.venue.feed.kernels.phases import adopt


@kernel
def no_prices(b: Any) -> None:
    """Before REF_PRICES."""
    b["reference"] = NONE
    b["limit_up"] = NONE
    b["limit_down"] = NONE
    b["previous_close"] = NONE


@kernel
def new_book(st: Any, instrument: Any, segment: Any) -> Any:
    """A row for a book that was never defined."""
    g = st.core[0]
    g["books"] += 1
    book = i64(g["books"])
    st.book_of[instrument * 16 + segment] = book
    b = st.books[book]
    b["instrument"] = instrument
    b["segment"] = segment
    b["shows_orders"] = f.SHOWS_ORDERS[segment]
    b["shows_levels"] = f.SHOWS_LEVELS[segment]
    b["shows_simulated"] = f.SHOWS_SIMULATED[segment]
    b["last"] = NONE
    b["open"] = NONE
    b["high"] = NONE
    b["low"] = NONE
    b["close"] = NONE
    b["sim_price"] = NONE
    b["kept_price"] = NONE
    b["due"] = NONE
    b["told_due"] = NONE
    b["call_price"] = NONE
    b["call_reference"] = NONE
    return book


@kernel
def define(st: Any, cmds: Any, i: Any) -> None:
    """REF_INSTRUMENT was taken; the first text behind it is the security code."""
    c = cmds[i]
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    book = i64(st.book_of[instrument * 16 + segment])
    is_new = book == 0
    if is_new:
        book = new_book(st, instrument, segment)
    b = st.books[book]
    b["group"] = c["ref_instrument.group"]
    st.scope[book]["instrument"] = instrument
    st.scope[book]["segment"] = segment
    st.scope[book]["group"] = b["group"]
    b["lot"] = c["ref_instrument.lot"]
    b["product"] = c["ref_instrument.product"]
    has_text = i64(c["flags"]) & 15 != 0
    b["symbol_0"] = cmds[i + 1]["body.0"] if has_text else u64(0)
    b["symbol_1"] = cmds[i + 1]["body.1"] if has_text else u64(0)
    b["symbol_2"] = cmds[i + 1]["body.2"] if has_text else u64(0)
    no_prices(b)
    if is_new:
        adopt(st, book)
    n = level_row(st, f.BOOK, instrument, segment)
    e = st.by_level[n]
    e["body.0"] = b["symbol_0"]
    e["body.1"] = b["symbol_1"]
    e["body.2"] = b["symbol_2"]
    e["book.lot"] = b["lot"]
    e["book.group"] = b["group"]
    e["book.product"] = b["product"]
    both(st, n)
    touch(st, book)


@kernel
def price(st: Any, c: Any) -> None:
    """REF_PRICES was taken: of one book, or of all of the instrument."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    for one in range(1, w.TOP_SEGMENT + 1):
        book = i64(st.book_of[instrument * 16 + one])
        if book == 0 or (segment != 0 and segment != one):
            continue
        b = st.books[book]
        b["reference"] = c["ref_prices.reference"]
        b["limit_up"] = c["ref_prices.limit_up"]
        b["limit_down"] = c["ref_prices.limit_down"]
        b["previous_close"] = c["ref_prices.previous_close"]
        n = level_row(st, f.LIMITS, instrument, one)
        e = st.by_level[n]
        e["limits.reference"] = b["reference"]
        e["limits.limit_up"] = b["limit_up"]
        e["limits.limit_down"] = b["limit_down"]
        e["limits.previous_close"] = b["previous_close"]
        both(st, n)


@kernel
def closed(st: Any, c: Any, book: Any) -> None:
    """CLOSED, STATISTICS: their bodies are public as they are, but best prices only where levels are."""
    is_close = i64(c["kind"]) == w.CLOSED
    if is_close:
        st.books[book]["close"] = c["closed.close"]
    n = level_row(st, f.CLOSE if is_close else f.SUMMARY, c["instrument"], i64(c["attributes"]) & 15)
    e = st.by_level[n]
    copy_body(c, e)
    if not is_close and i64(st.books[book]["shows_levels"]) == 0:
        e["summary.best_bid"] = NONE
        e["summary.best_ask"] = NONE
    both(st, n)


@kernel
def copy_body(c: Any, e: Any) -> None:
    """All forty bytes."""
    e["body.0"] = c["body.0"]
    e["body.1"] = c["body.1"]
    e["body.2"] = c["body.2"]
    e["body.3"] = c["body.3"]
    e["body.4"] = c["body.4"]


@kernel
def drawn(st: Any, c: Any, book: Any) -> None:
    """DRAWN: orders of the book that came before stand, at one price, by their ranks from now on."""
    g = st.core[0]
    b = st.books[book]
    g["priority"] += i64(c["draw.count"])
    b["draw_seed"] = c["draw.seed"]
    b["draw_count"] = c["draw.count"]
    b["draw_priority"] = g["priority"]
    if i64(b["shows_orders"]) == 0:
        return
    n = order_row(st, f.DRAW, b["instrument"], b["segment"])
    e = st.by_order[n]
    e["draw.seed"] = c["draw.seed"]
    e["draw.priority"] = g["priority"]
    e["draw.count"] = c["draw.count"]


@kernel
def announced(st: Any, cmds: Any, i: Any) -> None:
    """ANNOUNCED: the head, then its lines, which stand behind the command."""
    c = cmds[i]
    lines = i64(c["flags"]) & 15
    n = level_row(st, f.NEWS, c["instrument"], i64(c["attributes"]) & 15)
    e = st.by_level[n]
    e["code"] = c["code"]
    e["news.until"] = c["announce.until"]
    e["news.audience"] = c["announce.audience"]
    e["news.urgency"] = c["announce.urgency"]
    e["news.lines"] = lines
    both(st, n)
    for k in range(1, lines + 1):
        n = level_row(st, f.NEWS_LINE, c["instrument"], i64(c["attributes"]) & 15)
        copy_body(cmds[i + k], st.by_level[n])
        both(st, n)


@kernel
def quote_wanted(st: Any, c: Any) -> None:
    """QUOTE_REQUESTED: which side and how much, not who."""
    n = level_row(st, f.QUOTE_WANTED, c["instrument"], i64(c["attributes"]) & 15)
    e = st.by_level[n]
    e["wanted.qty"] = c["order.qty"]
    e["wanted.side"] = c["order.side"]
    both(st, n)
