"""One batch of commands through the core: the only kernel that Python calls with orders.

For each command the stream gets the command itself, its position stamped, and the events it caused (docs/format.md, section 2).
The loop looks ahead in the batch and asks for the cache lines that the next commands will touch; results do not depend on it.
"""

from typing import Any

from evermarket.core import words as w
from evermarket.core.checks import spare_clean
from evermarket.core.emit import echo, reference_set, reject, reject_market
from evermarket.core.jit import entry, hot, kernel, prefetch
from evermarket.core.orders import cancel, new, reduce, reprice
from evermarket.core.phases import draw, halt, indicate, phase, resume, timer
from evermarket.core.reference import ref_instrument, ref_line, ref_prices, ref_stabilisation, ref_tick
from evermarket.core.requests import mass_cancel, off_book_trade, quote, quote_request, void_trade
from evermarket.core.words import i64, u64

FAR = 12
NEAR = 6


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
def look_ahead(st: Any, cmds: Any, i: Any, stop: Any) -> None:
    """Ask for the lines that commands soon to come will touch."""
    far = min(i + FAR, stop - 1)
    c = cmds[far]
    prefetch(st.slots, i64(c["order.order_no"]) & (len(st.slots) - 1))
    prefetch(st.books, i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)]))
    near = min(i + NEAR, stop - 1)
    c = cmds[near]
    if i64(c["kind"]) == w.CANCEL:
        slot = i64(st.slots[i64(c["order.order_no"]) & (len(st.slots) - 1)])
        prefetch(st.orders, slot)
        prefetch(st.owners, slot)


@entry
def run(st: Any, cmds: Any, start: Any, out: Any, room: Any) -> Any:
    """Take commands from `start` until the batch ends or fewer than `room` rows of `out` would be left.

    Returns (index of the first command not taken, rows written).
    """
    n = i64(0)
    i = i64(start)
    stop = i64(len(cmds))
    while i < stop and n + room <= len(out):
        look_ahead(st, cmds, i, stop)
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
    return (i, n)
