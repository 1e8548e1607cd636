"""One batch of commands through the core: the only kernel that Python calls with orders.

For each command the stream gets the command itself, its position stamped, and the events it caused (docs/format.md,
section 2). The loop looks ahead in the batch and asks for the cache lines that the next commands will touch; results
do not depend on it.
"""

from typing import Any

from evermarket.core import words as w
from evermarket.core.checks import spare_clean
from evermarket.core.emit import echo, reference_set, reject, reject_market
from evermarket.core.jit import entry, hot, kernel
from evermarket.core.machine import prefetch
from evermarket.core.orders import cancel, new, reduce, reprice
from evermarket.core.phases import draw, halt, indicate, phase, resume, timer
from evermarket.core.queue import key_of
from evermarket.core.reference import ref_instrument, ref_line, ref_prices, ref_stabilisation, ref_tick
from evermarket.core.requests import mass_cancel, off_book_trade, quote, quote_request, void_trade
from evermarket.core.words import i64, u64

FAR = 12
NEAR = 8
CLOSE = 4
CACHED_ORDERS = 2**15  # about what a core's own cache holds with its levels


@hot
def stamp(st: Any, cmds: Any, i: Any, out: Any, n: Any) -> Any:
    """The command itself into the stream."""
    g = st.core[0]
    g["position"] += 1
    out[n] = cmds[i]
    out[n]["position"] = g["position"]
    return n + 1


@kernel
def following(cmds: Any, i: Any) -> Any:
    """How many TEXT records stand directly behind command `i`, up to the number its flags announce."""
    announced = i64(cmds[i]["flags"]) & 15
    count = 0
    while count < announced and i + count + 1 < len(cmds) and i64(cmds[i + count + 1]["kind"]) == w.TEXT:
        count += 1
    return count


@kernel
def run_refusal(cmds: Any, i: Any) -> Any:
    """(code, value, bound) of a command's run (section 4.1)."""
    c = cmds[i]
    kind = i64(c["kind"])
    announced = i64(c["flags"]) & 15
    if kind != w.ANNOUNCE and kind != w.REF_INSTRUMENT and announced != 0:
        return (w.C_UNUSED_BYTES, i64(0), w.NONE)
    if kind == w.ANNOUNCE or kind == w.REF_INSTRUMENT:
        most = 15 if kind == w.ANNOUNCE else 2
        least = 1 if kind == w.ANNOUNCE else 0
        there = following(cmds, i)
        if announced < least or announced > most or there < announced:
            return (w.C_BROKEN_RUN, announced, i64(there))
    if not spare_clean(c):
        return (w.C_UNUSED_BYTES, i64(0), w.NONE)
    return (0, i64(0), i64(0))


@kernel
def refuse(st: Any, c: Any, out: Any, n: Any, code: Any, value: Any, bound: Any) -> Any:
    """REJECTED for a command of the market; only REF_LINE names a line."""
    line = i64(c["ref_line.line"]) if i64(c["kind"]) == w.REF_LINE else i64(0)
    return reject(st, c, out, n, (i64(code), i64(value), i64(bound)), u64(0), 0, line)


@kernel
def market(st: Any, cmds: Any, i: Any, out: Any, n: Any) -> Any:
    """A command of the market itself (no line). Returns (n, records taken)."""
    c = cmds[i]
    kind = i64(c["kind"])
    n = stamp(st, cmds, i, out, n)
    if not (w.PHASE <= kind <= w.ANNOUNCE or w.REF_TICK <= kind <= w.REF_CONTRACT):
        return (reject_market(st, c, out, n, w.C_UNKNOWN_KIND, kind, w.NONE), 1)
    code, value, bound = run_refusal(cmds, i)
    if code == w.C_BROKEN_RUN or (code != 0 and kind != w.ANNOUNCE and kind != w.REF_INSTRUMENT):
        return (refuse(st, c, out, n, code, value, bound), 1)
    texts = i64(c["flags"]) & 15
    for k in range(1, texts + 1):
        n = stamp(st, cmds, i + k, out, n)
    if code != 0:
        n = reject_market(st, c, out, n, code, value, bound)
    elif kind == w.PHASE:
        n = phase(st, c, out, n)
    elif kind == w.TIMER:
        n = timer(st, c, out, n)
    elif kind == w.INDICATE:
        n = indicate(st, c, out, n)
    elif kind == w.DRAW:
        n = draw(st, c, out, n)
    elif kind == w.HALT:
        n = halt(st, c, out, n)
    elif kind == w.RESUME:
        n = resume(st, c, out, n)
    elif kind == w.ANNOUNCE:
        n = echo(st, c, out, n, w.ANNOUNCED)
    elif kind == w.REF_TICK:
        n = ref_tick(st, c, out, n)
    elif kind == w.REF_LINE:
        n = ref_line(st, c, out, n)
    elif kind == w.REF_STABILISATION:
        n = ref_stabilisation(st, c, out, n)
    elif kind == w.REF_INSTRUMENT:
        n = ref_instrument(st, c, out, n)
    elif kind == w.REF_PRICES:
        n = ref_prices(st, c, out, n)
    else:
        n = reference_set(st, c, out, n)
    return (n, 1 + texts)


@kernel
def seldom(st: Any, cmds: Any, i: Any, out: Any, n: Any) -> Any:
    """Any command but NEW and CANCEL. Returns (n, records taken)."""
    c = cmds[i]
    kind = i64(c["kind"])
    if kind < w.REDUCE or kind > w.VOID_TRADE:
        return market(st, cmds, i, out, n)
    n = stamp(st, cmds, i, out, n)
    if kind == w.REDUCE:
        n = reduce(st, c, out, n)
    elif kind == w.REPRICE:
        n = reprice(st, c, out, n)
    elif kind == w.QUOTE:
        n = quote(st, c, out, n)
    elif kind == w.MASS_CANCEL:
        n = mass_cancel(st, c, out, n)
    elif kind == w.QUOTE_REQUEST:
        n = quote_request(st, c, out, n)
    elif kind == w.OFF_BOOK_TRADE:
        n = off_book_trade(st, c, out, n)
    else:
        n = void_trade(st, c, out, n)
    return (n, 1)


@hot
def look_far(st: Any, c: Any) -> None:
    """Ask for the row of the order that a command names, and for its book."""
    prefetch(st.slots, i64(c["order.order_no"]) & (len(st.slots) - 1))
    prefetch(st.books, i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)]))


@hot
def look_near(st: Any, c: Any) -> None:
    """Ask for the order to be cancelled, or for the sides and ladder that a new order goes to."""
    if i64(c["kind"]) == w.CANCEL:
        slot = i64(st.slots[i64(c["order.order_no"]) & (len(st.slots) - 1)])
        prefetch(st.orders, slot)
        prefetch(st.owners, slot)
    else:
        book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
        prefetch(st.sides, 2 * book)


@hot
def look_close(st: Any, c: Any) -> None:
    """Ask for the level and the neighbours of the order to be cancelled, for the best level and its last order else."""
    if i64(c["kind"]) == w.CANCEL:
        o = st.orders[i64(st.slots[i64(c["order.order_no"]) & (len(st.slots) - 1)])]
        prefetch(st.levels, i64(o["level"]))
        prefetch(st.orders, i64(o["prev"]))
        prefetch(st.orders, i64(o["next"]))
    else:
        book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
        side = 2 * book + ((i64(c["order.side"]) - 1) & 1)
        level = level_hint(st, book, side, i64(c["order.price"]))
        prefetch(st.levels, level)
        prefetch(st.pages, level >> 6)


@hot
def level_hint(st: Any, book: Any, side: Any, price: Any) -> Any:
    """Where a price's level probably is: right if it shares the best level's page and the book's remembered band."""
    b = st.books[book]
    tick = i64(b["band_tick"])
    ticks = u64(price - i64(b["band_from"])) // u64(tick if tick > 0 else i64(1))
    key = key_of(b, side & 1, i64(b["band_number"]) + i64(ticks))
    return ((i64(st.sides[side]["best_page"]) << 6) | (key & 63)) & (len(st.levels) - 1)


@hot
def look_ahead(st: Any, cmds: Any, i: Any, stop: Any, many: Any) -> None:
    """Three looks along the batch, each asking for what the one before brought near; one will do for few orders."""
    last = stop - 1
    look_far(st, cmds[min(i + FAR, last)])
    if many:
        look_near(st, cmds[min(i + NEAR, last)])
        look_close(st, cmds[min(i + CLOSE, last)])


@kernel
def times_rise(st: Any, cmds: Any, start: Any) -> Any:
    """Whether no command is older than the one before it."""
    last = i64(st.core[0]["time"])
    for i in range(start, len(cmds)):
        time = i64(cmds[i]["time"])
        if time < last:
            return False
        last = time
    return True


@entry
def run(st: Any, cmds: Any, start: Any, out: Any, room: Any) -> Any:
    """Take commands from `start` until the batch ends or fewer than `room` rows of `out` would be left.

    Returns (index of the first command not taken, rows written); index -1, and nothing taken, if a time goes back.
    """
    if not times_rise(st, cmds, start):
        return (i64(-1), i64(0))
    n = i64(0)
    i = i64(start)
    stop = i64(len(cmds))
    many = i64(st.core[0]["live"]) > CACHED_ORDERS
    while i < stop and n + room <= len(out):
        look_ahead(st, cmds, i, stop, many)
        c = cmds[i]
        kind = i64(c["kind"])
        if kind == w.NEW:
            n = stamp(st, cmds, i, out, n)
            n = new(st, c, out, n)
            i += 1
        elif kind == w.CANCEL:
            n = stamp(st, cmds, i, out, n)
            n = cancel(st, c, out, n)
            i += 1
        else:
            n, taken = seldom(st, cmds, i, out, n)
            i += taken
    if i > 0:
        st.core[0]["time"] = cmds[i - 1]["time"]
    return (i, n)
