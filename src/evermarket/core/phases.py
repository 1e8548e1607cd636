"""Phases, timers, simulated matches, halts, the draw (docs/format.md, sections 6.2 to 6.7).

A group of books shares one phase row; a book stands apart from it while it is in a special state (volatility call,
postponed match, resumption call) or halted. What a phase allows and matches comes with the command: no market is
named here.
"""

from typing import Any

from evermarket.core.auction import determine, match_fixed, uncross
from evermarket.core.continuous import forget_told, purge_market
from evermarket.core.digest import draw_rank, refresh_book
from evermarket.core.emit import auction_event, cancelled, clear, echo, head, reject_market, stabilised
from evermarket.core.jit import kernel
from evermarket.core.ladder import best_level, next_level
from evermarket.core.queue import free_row, link, unlink
from evermarket.core.words import (
    BY_CLOSE,
    BY_END,
    C_STATE,
    C_TIMER_NOT_DUE,
    C_UNKNOWN_GROUP,
    C_UNKNOWN_INSTRUMENT,
    CHECK_CANCELS,
    CHECK_LAST,
    CHECK_PRICES,
    CHECK_START,
    CLOSED,
    COLLECT,
    CONTINUOUS,
    DRAWN,
    ENTRY_OPENS,
    EXPIRE,
    FIRST_MATCH,
    FIXED,
    HALTED,
    INDICATIVE,
    MATCH_FIXED,
    NONE,
    PHASE_CHANGED,
    PHASE_HALTED,
    PHASE_POSTPONED_CLOSE,
    PHASE_POSTPONED_OPEN,
    PHASE_POSTPONED_PERIODIC,
    PHASE_RESUMPTION,
    POSTPONED_CLOSE,
    POSTPONED_OPEN,
    POSTPONED_PERIODIC,
    PURGE_MARKET,
    RESUMED,
    RESUMPTION,
    RULE_CALL_CHECK,
    RULE_PERIODIC_CHECK,
    SET_CLOSE,
    SHUT,
    STABILISATION_ENDED,
    STABILISATION_STARTED,
    STATISTICS,
    TOP_GROUP,
    TOP_MODE,
    TOP_PHASE,
    TRADE_CLOSE,
    TRADE_OPEN,
    TRADE_PERIODIC,
    TRADE_RESUMPTION,
    TRADE_VOLATILITY,
    UNCROSS,
    VOLATILITY,
    i64,
    u64,
)


@kernel
def in_scope(b: Any, instrument: Any, segment: Any, group: Any) -> Any:
    """Whether a market command speaks to this book."""
    if group != 0:
        return i64(b["group"]) == group
    return i64(b["instrument"]) == instrument and (segment == 0 or i64(b["segment"]) == segment)


@kernel
def first_book(st: Any, group: Any) -> Any:
    """Where a walk over the books in scope begins: the group's chain, or all books; 0 if there are none."""
    if group != 0:
        return i64(st.groups[group]["first"])
    return i64(1) if i64(st.core[0]["books"]) > 0 else i64(0)


@kernel
def book_after(st: Any, book: Any, group: Any) -> Any:
    """The next book of that walk, 0 at its end."""
    if group != 0:
        return i64(st.books[book]["peer"])
    return book + 1 if book < i64(st.core[0]["books"]) else i64(0)


@kernel
def books_of(st: Any, instrument: Any, segment: Any) -> Any:
    """How many books an instrument has in `segment` (0: in all)."""
    count = i64(0)
    for s in range(1, 16):
        if (segment == 0 or segment == s) and i64(st.book_of[instrument * 16 + s]) != 0:
            count += 1
    return count


@kernel
def scope_refusal(st: Any, c: Any) -> Any:
    """(code, value, bound, books in scope) of a command that speaks to a group or to an instrument."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    group = i64(c["phase.group"])
    count = i64(0)
    if group == 0:
        count = books_of(st, instrument, segment)
        if count == 0:
            return (i64(C_UNKNOWN_INSTRUMENT), instrument, segment, count)
    else:
        if group <= TOP_GROUP:
            count = i64(st.groups[group]["books"])
        if count == 0:
            return (i64(C_UNKNOWN_GROUP), group, i64(NONE), count)
    return (i64(0), i64(0), i64(0), count)


@kernel
def cancel_all(st: Any, book: Any, reason: Any, time: Any, out: Any, n: Any) -> Any:
    """End every order of a book: buys, then sells, best first, market orders before limits."""
    for side in range(2):
        level = best_level(st, 2 * book + side)
        while level != 0:
            slot = i64(st.levels[level]["head"])
            n = cancelled(st, out, n, time, reason, 0, slot)
            unlink(st, slot)
            free_row(st, slot)
            level = best_level(st, 2 * book + side)
    return n


@kernel
def trade_kind(special: Any, actions: Any) -> Any:
    """Which kind of auction a special state owes, or (special 0) a PHASE with these actions holds."""
    if special == VOLATILITY:
        return TRADE_VOLATILITY
    if special == RESUMPTION:
        return TRADE_RESUMPTION
    if special == POSTPONED_OPEN or (special == 0 and actions & FIRST_MATCH != 0):
        return TRADE_OPEN
    if special == POSTPONED_CLOSE or (special == 0 and actions & SET_CLOSE != 0):
        return TRADE_CLOSE
    return TRADE_PERIODIC


@kernel
def hold(st: Any, book: Any, kind: Any, time: Any, out: Any, n: Any) -> Any:
    """Hold an auction and forget what was simulated. Returns (n, price or NONE)."""
    n, price = uncross(st, book, kind, time, out, n)
    forget_told(st.books[book])
    return (n, price)


@kernel
def take_phase(st: Any, book: Any, phase: Any, mode: Any, allow: Any) -> None:
    """A book takes label, mode and allow mask."""
    b = st.books[book]
    if mode == COLLECT and i64(b["mode"]) != COLLECT:
        forget_told(b)
    b["mode"] = mode
    b["allow"] = allow
    if i64(b["phase"]) != phase:
        b["phase"] = phase
        refresh_book(st, book)


@kernel
def adopt(st: Any, book: Any) -> None:
    """A book comes back to its group."""
    row = st.groups[i64(st.books[book]["group"])]
    take_phase(st, book, i64(row["phase"]), i64(row["mode"]), i64(row["allow"]))


@kernel
def best_limit(st: Any, book: Any, side: Any) -> Any:
    """Best unfilled limit price of a side, or NONE."""
    level = best_level(st, 2 * book + side)
    if level != 0 and i64(st.levels[level]["key"]) == 0:
        level = next_level(st, level, i64(st.books[book]["height"]))
    return i64(st.levels[level]["price"]) if level != 0 else i64(NONE)


@kernel
def tell_close(st: Any, book: Any, price: Any, time: Any, out: Any, n: Any) -> Any:
    """SET_CLOSE: the closing price (58-3 para 5) and the day's figures."""
    b = st.books[book]
    b["close"] = price if price != NONE else i64(b["last"])
    head(st, out, n, time, CLOSED, b["instrument"], 0, b["segment"])
    clear(out, n)
    e = out[n]
    e["closed.open"] = b["open"]
    e["closed.high"] = b["high"]
    e["closed.low"] = b["low"]
    e["closed.close"] = b["close"]
    e["closed.volume"] = b["volume"]
    n += 1
    head(st, out, n, time, STATISTICS, b["instrument"], 0, b["segment"])
    clear(out, n)
    e = out[n]
    e["statistics.turnover"] = b["turnover"]
    e["statistics.best_bid"] = best_limit(st, book, 0)
    e["statistics.best_ask"] = best_limit(st, book, 1)
    e["statistics.reference"] = b["reference"]
    e["statistics.count"] = b["trades"]
    return n + 1


@kernel
def set_first(b: Any, price: Any, time: Any) -> None:
    """The session's first match has been held."""
    b["had_first"] = 1
    b["first_match"] = time
    b["first_price"] = price


@kernel
def act(st: Any, book: Any, actions: Any, price: Any, time: Any, out: Any, n: Any) -> Any:
    """FIRST_MATCH, SET_CLOSE, EXPIRE of one book, after an auction at `price` (NONE: none)."""
    if actions & FIRST_MATCH != 0:
        set_first(st.books[book], price, time)
    if actions & SET_CLOSE != 0:
        n = tell_close(st, book, price, time, out, n)
    if actions & EXPIRE != 0:
        n = cancel_all(st, book, BY_END, time, out, n)
    return n


@kernel
def stand_apart(st: Any, book: Any, special: Any, phase: Any, due: Any, entry: Any, owed: Any, allow: Any) -> None:
    """A book leaves its group for a special state with a call auction at `due`."""
    b = st.books[book]
    b["special"] = special
    b["due"] = due
    b["entry"] = entry
    b["owed"] = owed
    mode = i64(b["mode"])
    b["phase"] = phase
    b["mode"] = COLLECT
    b["allow"] = allow
    if mode != COLLECT:
        forget_told(b)
    refresh_book(st, book)


@kernel
def checked_call(b: Any, cancel_permille: Any, actions: Any) -> Any:
    """Whether the pre-open or pre-close check (58-3 para 8) postpones the match."""
    if i64(b["rules"]) & RULE_CALL_CHECK == 0 or i64(b["set"]) == 0:
        return False
    if actions & CHECK_PRICES != 0 and i64(b["tripped"]) != 0:
        return True
    changed = i64(b["changed"])
    return actions & CHECK_CANCELS != 0 and changed >= 1 and changed * 1000 >= cancel_permille * i64(b["entered"])


@kernel
def postpone(st: Any, c: Any, book: Any, actions: Any, came_out: Any, out: Any, n: Any) -> Any:
    """Postpone the match if a check asks for it; not again by the call check (`came_out`). Returns (n, whether)."""
    b = st.books[book]
    s = st.sets[i64(b["set"])]
    time = i64(c["time"])
    due = time + i64(c["phase.postpone_ns"])
    if not came_out and checked_call(b, i64(s["cancel"]), actions):
        entry = i64(NONE)
        b["saved_allow"] = b["allow"]
        allow = i64(b["allow"])
        if i64(c["phase.entry_ns"]) > 0:
            entry = time + i64(c["phase.entry_ns"])
            allow = i64(0)
        opens = actions & FIRST_MATCH != 0
        special = POSTPONED_OPEN if opens else POSTPONED_CLOSE
        phase = PHASE_POSTPONED_OPEN if opens else PHASE_POSTPONED_CLOSE
        price = i64(b["simulated"])
        before = i64(b["before"])
        stand_apart(st, book, special, phase, due, entry, actions, allow)
        n = stabilised(st, out, n, time, STABILISATION_STARTED, special, book, due, price, before, entry, 0)
        return (n, True)
    last = i64(b["last"])
    if actions & CHECK_LAST != 0 and i64(b["rules"]) & RULE_PERIODIC_CHECK != 0 and i64(b["set"]) != 0 and last != NONE:
        price = determine(st, book)[0]
        if price != NONE and abs(price - last) * 1000 > i64(s["periodic"]) * last:
            special = POSTPONED_PERIODIC
            stand_apart(st, book, special, PHASE_POSTPONED_PERIODIC, due, i64(NONE), i64(0), i64(b["allow"]))
            n = stabilised(st, out, n, time, STABILISATION_STARTED, special, book, due, price, last, NONE, 0)
            return (n, True)
    return (n, False)


@kernel
def phase_book(st: Any, c: Any, book: Any, out: Any, n: Any) -> Any:
    """One book's part of a PHASE command, in the order of section 6.2."""
    b = st.books[book]
    time = i64(c["time"])
    actions = i64(c["phase.actions"])
    mode = i64(c["phase.mode"])
    if i64(b["halted"]) != 0:
        return act(st, book, actions & (SET_CLOSE | EXPIRE), i64(NONE), time, out, n)
    special = i64(b["special"])
    if actions & CHECK_LAST != 0 and special == POSTPONED_PERIODIC:
        return n
    price = i64(NONE)
    if special != 0:
        due = i64(b["due"])
        b["special"] = 0
        if mode != COLLECT:
            n, price = hold(st, book, trade_kind(special, 0), time, out, n)
        n = stabilised(st, out, n, time, STABILISATION_ENDED, special, book, due, price, NONE, NONE, 0)
        end_special(b, special, price, time)
        if mode != COLLECT:
            n = act(st, book, i64(b["owed"]), price, time, out, n)
        if special == RESUMPTION and mode == CONTINUOUS and i64(b["had_first"]) == 0:
            set_first(b, price, time)
    if actions & PURGE_MARKET != 0:
        n = purge_market(st, book, BY_CLOSE, time, out, n)
    if i64(c["phase.match"]) == UNCROSS or mode == CONTINUOUS:
        n, postponed = postpone(st, c, book, actions, special != 0, out, n)
        if postponed:
            return n
        n, found = hold(st, book, trade_kind(0, actions), time, out, n)
        if found != NONE:
            price = found
    if i64(c["phase.match"]) == MATCH_FIXED:
        n = match_fixed(st, book, time, out, n)
    take_phase(st, book, i64(c["code"]), mode, i64(c["phase.allow"]))
    b["checking"] = 1 if actions & CHECK_START != 0 else 0
    b["tripped"] = 0
    b["changed"] = 0
    return act(st, book, actions, price, time, out, n)


@kernel
def phase(st: Any, c: Any, out: Any, n: Any) -> Any:
    """PHASE."""
    code, value, bound, count = scope_refusal(st, c)
    if code != 0:
        return reject_market(st, c, out, n, code, value, bound)
    label = i64(c["code"])
    mode = i64(c["phase.mode"])
    if label < 1 or label > TOP_PHASE:
        return reject_market(st, c, out, n, C_STATE, label, NONE)
    if mode < 1 or mode > TOP_MODE:
        return reject_market(st, c, out, n, C_STATE, mode, NONE)
    if i64(c["phase.match"]) > MATCH_FIXED:
        return reject_market(st, c, out, n, C_STATE, i64(c["phase.match"]), NONE)
    n = echo(st, c, out, n, PHASE_CHANGED)
    out[n - 1]["phase.count"] = count
    instrument = i64(c["instrument"])
    group = i64(c["phase.group"])
    if group != 0:
        row = st.groups[group]
        row["phase"] = label
        row["mode"] = mode
        row["allow"] = c["phase.allow"]
    segment = i64(c["attributes"]) & 15
    book = first_book(st, group)
    while book != 0:
        if in_scope(st.books[book], instrument, segment, group):
            n = phase_book(st, c, book, out, n)
        book = book_after(st, book, group)
    return n


@kernel
def end_special(b: Any, special: Any, price: Any, time: Any) -> None:
    """The end of a volatility call is remembered for the band (58-3 para 7)."""
    if special == VOLATILITY:
        b["had_call"] = 1
        b["call_end"] = time
        b["call_price"] = price


@kernel
def timer(st: Any, c: Any, out: Any, n: Any) -> Any:
    """TIMER: a due time that an event has announced has come."""
    time = i64(c["time"])
    due = i64(c["timer.due"])
    kind = i64(c["code"])
    book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
    if book == 0:
        segment = i64(c["attributes"]) & 15
        return reject_market(st, c, out, n, C_UNKNOWN_INSTRUMENT, i64(c["instrument"]), segment)
    b = st.books[book]
    special = i64(b["special"])
    if kind == ENTRY_OPENS and special != 0 and i64(b["entry"]) == due and time >= due and due != NONE:
        b["entry"] = NONE
        b["allow"] = b["saved_allow"]
        head(st, out, n, time, PHASE_CHANGED, b["instrument"], b["phase"], b["segment"])
        clear(out, n)
        e = out[n]
        e["phase.mode"] = b["mode"]
        e["phase.allow"] = b["allow"]
        e["phase.count"] = 1
        return n + 1
    if special == 0 or kind != special or i64(b["due"]) != due or time < due:
        return reject_market(st, c, out, n, C_TIMER_NOT_DUE, due, NONE)
    owed = i64(b["owed"])
    b["special"] = 0
    n, price = hold(st, book, trade_kind(special, 0), time, out, n)
    n = stabilised(st, out, n, time, STABILISATION_ENDED, special, book, due, price, NONE, NONE, 0)
    end_special(b, special, price, time)
    adopt(st, book)
    if special == RESUMPTION:
        after_halt(b, price, time)
    return act(st, book, owed, price, time, out, n)


@kernel
def after_halt(b: Any, price: Any, time: Any) -> None:
    """A book that comes out of a halt into continuous trading without a first match has had it now."""
    if i64(b["mode"]) == CONTINUOUS and i64(b["had_first"]) == 0:
        set_first(b, price, time)


@kernel
def indicate_book(st: Any, book: Any, time: Any, out: Any, n: Any) -> Any:
    """Simulate the match of one book; told if it differs from what was told last."""
    b = st.books[book]
    price, volume, buy_left, sell_left = determine(st, book)
    before = i64(b["simulated"])
    watched = i64(b["checking"]) != 0 and i64(b["set"]) != 0 and price != NONE and before != NONE
    if watched and abs(price - before) * 1000 > i64(st.sets[i64(b["set"])]["call"]) * before:
        b["tripped"] = 1
    b["before"] = before
    b["simulated"] = price
    same_price = price == i64(b["told_price"]) and volume == i64(b["told_volume"])
    if same_price and buy_left == i64(b["told_buy"]) and sell_left == i64(b["told_sell"]):
        return n
    b["told_price"] = price
    b["told_volume"] = volume
    b["told_buy"] = buy_left
    b["told_sell"] = sell_left
    return auction_event(st, out, n, time, INDICATIVE, 0, book, (price, volume, buy_left, sell_left), 0)


@kernel
def indicate(st: Any, c: Any, out: Any, n: Any) -> Any:
    """INDICATE: simulated matches (試算撮合) and the price check of the minute before a call."""
    code, value, bound, _ = scope_refusal(st, c)
    if code != 0:
        return reject_market(st, c, out, n, code, value, bound)
    time = i64(c["time"])
    group = i64(c["phase.group"])
    told = 0
    book = first_book(st, group)
    while book != 0:
        b = st.books[book]
        collecting = i64(b["mode"]) == COLLECT and i64(b["segment"]) != FIXED
        if collecting and in_scope(b, i64(c["instrument"]), i64(c["attributes"]) & 15, group):
            start = n
            n = indicate_book(st, book, time, out, n)
            told += n - start
        book = book_after(st, book, group)
    head(st, out, n, time, INDICATIVE, 0, 0, 0)
    clear(out, n)
    out[n]["indicative.price"] = NONE
    out[n]["indicative.count"] = told
    return n + 1


@kernel
def halt(st: Any, c: Any, out: Any, n: Any) -> Any:
    """HALT (暫停交易)."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    count = books_of(st, instrument, segment)
    if count == 0:
        return reject_market(st, c, out, n, C_UNKNOWN_INSTRUMENT, instrument, segment)
    n = echo(st, c, out, n, HALTED)
    out[n - 1]["phase.count"] = count
    for book in range(1, i64(st.core[0]["books"]) + 1):
        b = st.books[book]
        if in_scope(b, instrument, segment, 0):
            b["halted"] = 1
            b["special"] = 0
            take_phase(st, book, PHASE_HALTED, SHUT, i64(c["phase.allow"]))
    return n


@kernel
def resume(st: Any, c: Any, out: Any, n: Any) -> Any:
    """RESUME: back to the group, by a call auction if `until` names its time."""
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    count = books_of(st, instrument, segment)
    if count == 0:
        return reject_market(st, c, out, n, C_UNKNOWN_INSTRUMENT, instrument, segment)
    books = i64(st.core[0]["books"])
    for book in range(1, books + 1):
        if in_scope(st.books[book], instrument, segment, 0) and i64(st.books[book]["halted"]) == 0:
            return reject_market(st, c, out, n, C_STATE, instrument, NONE)
    n = echo(st, c, out, n, RESUMED)
    out[n - 1]["phase.count"] = count
    time = i64(c["time"])
    until = i64(c["phase.until"])
    for book in range(1, books + 1):
        b = st.books[book]
        if not in_scope(b, instrument, segment, 0):
            continue
        b["halted"] = 0
        if until > 0:
            stand_apart(st, book, RESUMPTION, PHASE_RESUMPTION, until, i64(NONE), i64(0), i64(c["phase.allow"]))
            continue
        price = i64(NONE)
        if i64(st.groups[i64(b["group"])]["mode"]) == CONTINUOUS:
            n, price = hold(st, book, TRADE_RESUMPTION, time, out, n)
        adopt(st, book)
        after_halt(b, price, time)
    return n


@kernel
def sift(st: Any, root: Any, count: Any) -> None:
    """Let the row at `root` sink until the heap of the first `count` drawn rows is whole."""
    slot = i64(st.drawn[root]["slot"])
    rank = st.drawn[root]["rank"]
    while 2 * root + 1 < count:
        child = 2 * root + 1
        if child + 1 < count and st.drawn[child + 1]["rank"] > st.drawn[child]["rank"]:
            child += 1
        if st.drawn[child]["rank"] <= rank:
            break
        st.drawn[root]["slot"] = st.drawn[child]["slot"]
        st.drawn[root]["rank"] = st.drawn[child]["rank"]
        root = child
    st.drawn[root]["slot"] = slot
    st.drawn[root]["rank"] = rank


@kernel
def sort_drawn(st: Any, count: Any) -> None:
    """Sort the first `count` drawn rows by rank, in place. Ranks differ: the mixer is one to one."""
    for root in range(count // 2 - 1, -1, -1):
        sift(st, root, count)
    for end in range(count - 1, 0, -1):
        slot = i64(st.drawn[end]["slot"])
        rank = st.drawn[end]["rank"]
        st.drawn[end]["slot"] = st.drawn[0]["slot"]
        st.drawn[end]["rank"] = st.drawn[0]["rank"]
        st.drawn[0]["slot"] = slot
        st.drawn[0]["rank"] = rank
        sift(st, 0, end)


@kernel
def draw_book(st: Any, book: Any, seed: Any) -> Any:
    """Give the orders of one book new priorities in the order of their ranks. Returns how many there are."""
    count = i64(st.sides[2 * book]["live"]) + i64(st.sides[2 * book + 1]["live"])
    k = 0
    for side in range(2):
        level = best_level(st, 2 * book + side)
        while level != 0:
            slot = i64(st.levels[level]["head"])
            while slot != 0:
                st.drawn[k]["slot"] = slot
                st.drawn[k]["rank"] = draw_rank(seed, st.orders[slot]["order_no"])
                k += 1
                slot = i64(st.orders[slot]["next"])
            level = next_level(st, level, i64(st.books[book]["height"]))
    for k in range(count):
        unlink(st, i64(st.drawn[k]["slot"]))
    sort_drawn(st, count)
    g = st.core[0]
    for k in range(count):
        slot = i64(st.drawn[k]["slot"])
        row = st.levels[i64(st.orders[slot]["level"])]  # an empty level keeps its price and key
        g["priority"] += 1
        st.orders[slot]["priority"] = g["priority"]
        link(st, slot, i64(row["key"]), i64(row["price"]))
    return count


@kernel
def draw(st: Any, c: Any, out: Any, n: Any) -> Any:
    """DRAW: the random order of pre-open orders at one price (58-2), from a journaled seed."""
    code, value, bound, _ = scope_refusal(st, c)
    if code != 0:
        return reject_market(st, c, out, n, code, value, bound)
    seed = u64(c["draw.seed"])
    group = i64(c["draw.group"])
    told = 0
    book = first_book(st, group)
    while book != 0:
        b = st.books[book]
        count = i64(0)
        if in_scope(b, i64(c["instrument"]), i64(c["attributes"]) & 15, group):
            count = draw_book(st, book, seed)
        if count > 0:
            head(st, out, n, c["time"], DRAWN, b["instrument"], 0, b["segment"])
            clear(out, n)
            out[n]["draw.seed"] = seed
            out[n]["draw.count"] = count
            n += 1
            told += 1
        book = book_after(st, book, group)
    head(st, out, n, c["time"], DRAWN, 0, 0, 0)
    clear(out, n)
    out[n]["draw.seed"] = seed
    out[n]["draw.count"] = told
    return n + 1
