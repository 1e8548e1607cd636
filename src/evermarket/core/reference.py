"""Reference data: tick tables, lines, stabilisation sets, books and their prices (docs/format.md, section 5.4)."""

from typing import Any

from evermarket.core.digest import refresh_book
from evermarket.core.emit import reference_set, reject, reject_market
from evermarket.core.jit import kernel
from evermarket.core.ladder import number_of, price_of
from evermarket.core.state import BOOK_MAX
from evermarket.core.words import (
    BANDS,
    C_BAD_REFERENCE,
    C_FULL,
    C_STATE,
    C_UNKNOWN_INSTRUMENT,
    C_UNKNOWN_TABLE,
    NO_KEY,
    NONE,
    PHASE_CLOSED,
    SHUT,
    TO_LIMIT,
    TOP_GROUP,
    TOP_INSTRUMENT,
    TOP_LINE,
    TOP_NUMBER,
    TOP_PRICE,
    TOP_QTY,
    TOP_SEGMENT,
    i64,
    u64,
)

TOP_TICK = 10**9
TOP_TABLE = 4095
TOP_PRODUCT = 17
ANY_TOP = 2**30


@kernel
def ref_tick(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REF_TICK: the next band of a table."""
    from_price = i64(c["ref_tick.from_price"])
    tick = i64(c["ref_tick.tick"])
    table = i64(c["ref_tick.table"])
    t = st.tables[table if table <= TOP_TABLE else 0]
    bands = i64(t["bands"])
    first = table * BANDS
    before = st.bands[first + bands - 1 if bands > 0 and table <= TOP_TABLE else 0]
    if bands == 0 and from_price != 0:
        return reject_market(st, c, out, n, C_BAD_REFERENCE, from_price, 0)
    if bands > 0:
        if from_price <= i64(before["from_price"]):
            return reject_market(st, c, out, n, C_BAD_REFERENCE, from_price, i64(before["from_price"]) + 1)
        if from_price % i64(before["tick"]) != 0 or (1 <= tick <= TOP_TICK and from_price % tick != 0):
            return reject_market(st, c, out, n, C_BAD_REFERENCE, from_price, NONE)
    if tick < 1 or tick > TOP_TICK:
        return reject_market(st, c, out, n, C_BAD_REFERENCE, tick, 1 if tick < 1 else TOP_TICK)
    if table < 1 or table > TOP_TABLE:
        return reject_market(st, c, out, n, C_BAD_REFERENCE, table, 1 if table < 1 else TOP_TABLE)
    if i64(t["users"]) != 0:
        return reject_market(st, c, out, n, C_STATE, table, NONE)
    if bands >= BANDS:
        return reject_market(st, c, out, n, C_FULL, table, BANDS)
    row = st.bands[first + bands]
    row["from_price"] = from_price
    row["tick"] = tick
    row["number"] = 0
    if bands > 0:
        row["number"] = i64(before["number"]) + (from_price - i64(before["from_price"])) // i64(before["tick"])
    t["bands"] += 1
    return reference_set(st, c, out, n)


@kernel
def ref_line(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REF_LINE."""
    line = i64(c["ref_line.line"])
    if i64(c["ref_line.member"]) == 0:
        return reject(st, c, out, n, (i64(C_BAD_REFERENCE), i64(0), i64(1)), u64(0), 0, line)
    if line < 1 or line > TOP_LINE:
        bound = i64(1) if line < 1 else i64(TOP_LINE)
        return reject(st, c, out, n, (i64(C_BAD_REFERENCE), line, bound), u64(0), 0, line)
    row = st.lines[line]
    row["rights"] = i64(c["ref_line.rights"]) & 7
    row["account"] = c["ref_line.account"]
    row["member"] = c["ref_line.member"]
    return reference_set(st, c, out, n)


@kernel
def ref_stabilisation(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REF_STABILISATION."""
    for value in (i64(c["ref_stabilisation.window_ns"]), i64(c["ref_stabilisation.duration_ns"])):
        if value < 0:
            return reject_market(st, c, out, n, C_BAD_REFERENCE, value, 0)
    for value in (
        i64(c["ref_stabilisation.band_permille"]),
        i64(c["ref_stabilisation.call_permille"]),
        i64(c["ref_stabilisation.cancel_permille"]),
        i64(c["ref_stabilisation.periodic_permille"]),
    ):
        if value > 1000:
            return reject_market(st, c, out, n, C_BAD_REFERENCE, value, 1000)
    number = i64(c["ref_stabilisation.set"])
    if number < 1 or number > TOP_TABLE:
        return reject_market(st, c, out, n, C_BAD_REFERENCE, number, 1 if number < 1 else TOP_TABLE)
    s = st.sets[number]
    s["window"] = c["ref_stabilisation.window_ns"]
    s["duration"] = c["ref_stabilisation.duration_ns"]
    s["band"] = c["ref_stabilisation.band_permille"]
    s["call"] = c["ref_stabilisation.call_permille"]
    s["cancel"] = c["ref_stabilisation.cancel_permille"]
    s["periodic"] = c["ref_stabilisation.periodic_permille"]
    s["defined"] = 1
    return reference_set(st, c, out, n)


@kernel
def in_use(st: Any, book: Any) -> Any:
    """Whether a book has live orders or trades, so that its terms may not change."""
    live = i64(st.sides[2 * book]["live"]) + i64(st.sides[2 * book + 1]["live"])
    return live != 0 or i64(st.books[book]["trades"]) != 0


@kernel
def broken_instrument(c: Any) -> Any:
    """(value, bound, whether broken): the first broken field of a REF_INSTRUMENT, in the order of its body."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    if instrument < 1 or instrument > TOP_INSTRUMENT:
        return (instrument, i64(1 if instrument < 1 else TOP_INSTRUMENT), True)
    if segment < 1 or segment > TOP_SEGMENT:
        return (segment, i64(1 if segment < 1 else TOP_SEGMENT), True)
    lot = i64(c["ref_instrument.lot"])
    if lot == 0:
        return (lot, i64(1), True)
    qty_max = i64(c["ref_instrument.qty_max"])
    if qty_max < 1 or qty_max > TOP_QTY:
        return (qty_max, i64(1 if qty_max < 1 else TOP_QTY), True)
    group = i64(c["ref_instrument.group"])
    if group < 1 or group > TOP_GROUP:
        return (group, i64(1 if group < 1 else TOP_GROUP), True)
    allow = i64(c["ref_instrument.allow"])
    if allow & TO_LIMIT != 0:
        return (allow, i64(NONE), True)
    product = i64(c["ref_instrument.product"])
    if product < 1 or product > TOP_PRODUCT:
        return (product, i64(1 if product < 1 else TOP_PRODUCT), True)
    return (i64(0), i64(0), False)


@kernel
def levels_height(keys: Any) -> Any:
    """Nodes between root and page for keys up to `keys`."""
    height = 0
    while keys >> (6 * (height + 1)) != 0:
        height += 1
    return height


@kernel
def open_range(st: Any, b: Any) -> None:
    """A book without limits: any price in range."""
    table = i64(b["table"])
    b["price_top"] = min(i64(TOP_PRICE), price_of(st, table, TOP_NUMBER + 1) - 1)
    b["limited"] = 0
    b["limit_down"] = 1
    b["limit_up"] = b["price_top"]
    b["ask_base"] = 0
    b["bid_top"] = ANY_TOP
    b["height"] = levels_height(ANY_TOP)


@kernel
def blank_book(b: Any) -> None:
    """Prices, figures and states of a book before its first command of the day."""
    b["reference"] = NONE
    b["previous_close"] = NONE
    b["last"] = NONE
    b["open"] = NONE
    b["high"] = NONE
    b["low"] = NONE
    b["close"] = NONE
    b["volume"] = 0
    b["turnover"] = 0
    b["entered"] = 0
    b["changed"] = 0
    b["special"] = 0
    b["halted"] = 0
    b["checking"] = 0
    b["tripped"] = 0
    b["had_first"] = 0
    b["had_call"] = 0
    b["band_from"] = 0
    b["band_to"] = 0
    b["band_tick"] = 1
    b["told_price"] = NONE
    b["told_volume"] = 0
    b["told_buy"] = 0
    b["told_sell"] = 0
    b["simulated"] = NONE
    b["before"] = NONE


@kernel
def join_group(st: Any, book: Any) -> None:
    """Enter a book into its group's chain, which is in book order."""
    b = st.books[book]
    row = st.groups[i64(b["group"])]
    row["books"] += 1
    b["peer"] = 0
    if i64(row["last"]) == 0:
        row["first"] = book
        row["last"] = book
    elif i64(row["last"]) < book:
        st.books[i64(row["last"])]["peer"] = book
        row["last"] = book
    elif book < i64(row["first"]):
        b["peer"] = row["first"]
        row["first"] = book
    else:
        before = i64(row["first"])
        while i64(st.books[before]["peer"]) < book:
            before = i64(st.books[before]["peer"])
        b["peer"] = st.books[before]["peer"]
        st.books[before]["peer"] = book


@kernel
def leave_group(st: Any, book: Any) -> None:
    """Take a book out of its group's chain."""
    b = st.books[book]
    row = st.groups[i64(b["group"])]
    row["books"] -= 1
    before = i64(0)
    at = i64(row["first"])
    while at != book:
        before = at
        at = i64(st.books[at]["peer"])
    if before == 0:
        row["first"] = b["peer"]
    else:
        st.books[before]["peer"] = b["peer"]
    if i64(row["last"]) == book:
        row["last"] = before


@kernel
def clear_sides(st: Any, book: Any) -> None:
    """Empty ladders (a redefinition may change what a key means)."""
    for side in range(2):
        s = st.sides[2 * book + side]
        s["root"] = 0
        s["best_page"] = 0
        s["best_key"] = NO_KEY


@kernel
def ref_instrument(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REF_INSTRUMENT: one book."""
    table = i64(c["ref_instrument.table"])
    number = i64(c["ref_instrument.set"])
    if table < 1 or table > TOP_TABLE or i64(st.tables[table]["bands"]) == 0:
        return reject_market(st, c, out, n, C_UNKNOWN_TABLE, table, NONE)
    if number > TOP_TABLE or (number != 0 and i64(st.sets[number]["defined"]) == 0):
        return reject_market(st, c, out, n, C_UNKNOWN_TABLE, number, NONE)
    value, bound, broken = broken_instrument(c)
    if broken:
        return reject_market(st, c, out, n, C_BAD_REFERENCE, value, bound)
    g = st.core[0]
    at = i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)
    book = i64(st.book_of[at])
    first = book == 0
    if first:
        if i64(g["books"]) >= BOOK_MAX - 2:
            return reject_market(st, c, out, n, C_FULL, 0, BOOK_MAX)
        g["books"] += 1
        book = i64(g["books"])
        st.book_of[at] = book
    else:
        if in_use(st, book):
            return reject_market(st, c, out, n, C_STATE, i64(c["instrument"]), NONE)
        leave_group(st, book)
        st.tables[i64(st.books[book]["table"])]["users"] -= 1
    b = st.books[book]
    b["instrument"] = c["instrument"]
    b["segment"] = i64(c["attributes"]) & 15
    b["qty_min"] = c["ref_instrument.qty_min"]
    b["lot"] = c["ref_instrument.lot"]
    b["qty_max"] = c["ref_instrument.qty_max"]
    b["rules"] = c["ref_instrument.rules"]
    b["value_min"] = c["ref_instrument.value_min"]
    b["group"] = c["ref_instrument.group"]
    b["table"] = table
    b["own_allow"] = c["ref_instrument.allow"]
    b["set"] = number
    b["product"] = c["ref_instrument.product"]
    st.tables[table]["users"] += 1
    join_group(st, book)
    row = st.groups[i64(b["group"])]
    if first:
        blank_book(b)
        if i64(row["mode"]) == 0:
            row["mode"] = SHUT
            row["phase"] = PHASE_CLOSED
        b["phase"] = row["phase"]
        b["mode"] = row["mode"]
        b["allow"] = row["allow"]
    b["reference"] = NONE
    b["previous_close"] = NONE
    b["band_to"] = 0
    clear_sides(st, book)
    open_range(st, b)
    refresh_book(st, book)
    return reference_set(st, c, out, n)


@kernel
def speaks_of(st: Any, instrument: Any, segment: Any, s: Any) -> Any:
    """The book in segment `s` if a REF_PRICES for (instrument, segment or 0) speaks of it, else 0."""
    if segment != 0 and segment != s:
        return i64(0)
    return i64(st.book_of[instrument * 16 + s])


@kernel
def broken_limit(st: Any, price: Any, instrument: Any, segment: Any) -> Any:
    """(value, bound, whether broken): in range and on tick of every book's table."""
    if price < 1 or price > TOP_PRICE:
        return (price, i64(1) if price < 1 else i64(TOP_PRICE), True)
    for s in range(1, 16):
        book = speaks_of(st, instrument, segment, s)
        if book == 0:
            continue
        table = i64(st.books[book]["table"])
        if price > i64(st.books[book]["price_top"]) or price_of(st, table, number_of(st, table, price)) != price:
            return (price, i64(NONE), True)
    return (i64(0), i64(0), False)


@kernel
def broken_prices(st: Any, c: Any, instrument: Any, segment: Any) -> Any:
    """(value, bound, whether broken) of a REF_PRICES."""
    reference = i64(c["ref_prices.reference"])
    up = i64(c["ref_prices.limit_up"])
    down = i64(c["ref_prices.limit_down"])
    if reference < 1:
        return (reference, i64(1), True)
    if (up == NONE) != (down == NONE):
        return (i64(NONE), i64(NONE), True)
    if up == NONE:
        return (i64(0), i64(0), False)
    for price in (up, down):
        found = broken_limit(st, price, instrument, segment)
        if found[2]:
            return found
    if down > up:
        return (down, up, True)
    return (i64(0), i64(0), False)


@kernel
def set_prices(st: Any, c: Any, book: Any) -> None:
    """Reference and limits of one book; with limits its ladder needs few nodes."""
    b = st.books[book]
    b["reference"] = c["ref_prices.reference"]
    b["previous_close"] = c["ref_prices.previous_close"]
    clear_sides(st, book)
    open_range(st, b)
    if i64(c["ref_prices.limit_up"]) != NONE:
        table = i64(b["table"])
        low = number_of(st, table, i64(c["ref_prices.limit_down"]))
        high = number_of(st, table, i64(c["ref_prices.limit_up"]))
        b["limited"] = 1
        b["limit_down"] = c["ref_prices.limit_down"]
        b["limit_up"] = c["ref_prices.limit_up"]
        b["ask_base"] = low - 1
        b["bid_top"] = high + 1
        b["height"] = levels_height(high - low + 1)
    refresh_book(st, book)


@kernel
def ref_prices(st: Any, c: Any, out: Any, n: Any) -> Any:
    """REF_PRICES: of one book, or of all books of an instrument."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    found = 0
    for s in range(1, 16):
        if speaks_of(st, instrument, segment, s) != 0:
            found += 1
    if found == 0:
        return reject_market(st, c, out, n, C_UNKNOWN_INSTRUMENT, instrument, segment)
    value, bound, broken = broken_prices(st, c, instrument, segment)
    if broken:
        return reject_market(st, c, out, n, C_BAD_REFERENCE, value, bound)
    for s in range(1, 16):
        book = speaks_of(st, instrument, segment, s)
        if book != 0 and in_use(st, book):
            return reject_market(st, c, out, n, C_STATE, instrument, NONE)
    for s in range(1, 16):
        book = speaks_of(st, instrument, segment, s)
        if book != 0:
            set_prices(st, c, book)
    return reference_set(st, c, out, n)
