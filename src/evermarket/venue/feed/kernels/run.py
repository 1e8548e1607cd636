"""The loop of the fold: the only kernel that Python calls with records of the stream.

A command's changes are told when it is over: at the next command, or where the array ends (an array holds whole
commands with all their events). So what is told does not depend on how the stream was cut into arrays.
"""

from typing import Any

from evermarket.core import words as w
from evermarket.core.jit import entry, hot, kernel
from evermarket.core.words import i64
from evermarket.venue.feed.kernels import words as f
from evermarket.venue.feed.kernels.emit import tell_levels, tell_state
from evermarket.venue.feed.kernels.orders import accepted, lessened, reported, repriced, settle, traded
from evermarket.venue.feed.kernels.phases import (
    halted,
    indicated,
    indicative,
    phase_changed,
    resumed,
    stabilisation_ended,
    stabilisation_started,
    take_back,
    tell_auction,
)
from evermarket.venue.feed.kernels.reference import announced, closed, define, drawn, price, quote_wanted


@kernel
def finish(st: Any) -> None:
    """A command is over: its order takes its place, and what it changed in books is told."""
    settle(st)
    g = st.core[0]
    for k in range(i64(g["touched"])):
        book = i64(st.touched[k])
        b = st.books[book]
        b["touched"] = 0
        tell_state(st, book)
        take_back(st, book)
        collects = i64(b["mode"]) == w.COLLECT
        if not collects or i64(b["look"]) != 0:
            tell_levels(st, book, i64(1) if collects else i64(0))
            st.scope[book]["stale"] = 0
        b["look"] = 0
    g["touched"] = 0


@kernel
def lacks(st: Any, c: Any) -> Any:
    """Which table has no room for what the next record can need: a status, DONE if none."""
    g = st.core[0]
    rows = max(i64(g["level_rows"]), i64(g["order_rows"]))
    if rows + i64(g["touched"]) * f.BOOK_ROWS + f.COMMAND_ROWS > len(st.by_level):
        return f.OUT_FULL
    if i64(g["levels_used"]) + 4 * i64(g["longest"]) + 64 > len(st.levels):
        return f.MORE_LEVELS
    if i64(c["position"]) != i64(g["position"]) + 1:
        return f.BAD_POSITION
    return f.DONE


@kernel
def order_lacks(st: Any, c: Any) -> Any:
    """Whether an event names an order that the table cannot hold."""
    kind = i64(c["kind"])
    if kind == w.TRADED:
        number = max(i64(c["trade.buy_no"]), i64(c["trade.sell_no"]))
    elif kind == w.ACCEPTED:
        number = i64(c["order.order_no"])
    else:
        number = i64(c["changed.order_no"])
    if number >= len(st.orders):
        return f.MORE_ORDERS
    return f.DONE


@kernel
def of_book(st: Any, c: Any, book: Any, command: Any) -> None:
    """An event of one book, but those of orders and trades."""
    kind = i64(c["kind"])
    if kind == w.INDICATIVE:
        indicative(st, c, book)
    elif kind == w.AUCTIONED:
        tell_auction(st, c, f.AUCTION)
    elif kind == w.STABILISATION_STARTED:
        stabilisation_started(st, c, book)
    elif kind == w.STABILISATION_ENDED:
        stabilisation_ended(st, book, command)
    elif kind == w.CLOSED or kind == w.STATISTICS:
        closed(st, c, book)
    elif kind == w.DRAWN:
        drawn(st, c, book)


@kernel
def seldom(st: Any, cmds: Any, i: Any, book: Any) -> None:
    """Any event but those of orders and trades."""
    c = cmds[i]
    head = i64(st.core[0]["head"])
    command = cmds[head]
    kind = i64(c["kind"])
    if kind == w.PHASE_CHANGED:
        phase_changed(st, c, command)
    elif kind == w.HALTED:
        halted(st, c)
    elif kind == w.RESUMED:
        resumed(st, c)
    elif kind == w.INDICATIVE and i64(c["instrument"]) == 0:
        indicated(st, command)
    elif kind == w.REFERENCE_SET:
        if i64(c["code"]) == w.REF_INSTRUMENT:
            define(st, cmds, head)
        elif i64(c["code"]) == w.REF_PRICES:
            price(st, command)
    elif kind == w.ANNOUNCED:
        announced(st, cmds, head)
    elif kind == w.QUOTE_REQUESTED:
        quote_wanted(st, c)
    elif kind == w.OFF_BOOK_TRADED:
        reported(st, c, f.OFF_BOOK)
    elif kind == w.TRADE_VOIDED:
        reported(st, c, f.VOIDED)
    elif book != 0:
        of_book(st, c, book, command)


@hot
def take_event(st: Any, cmds: Any, i: Any) -> Any:
    """One event; a status, DONE if it was taken."""
    c = cmds[i]
    kind = i64(c["kind"])
    book = i64(st.book_of[i64(c["instrument"]) * 16 + (i64(c["attributes"]) & 15)])
    if kind < w.ACCEPTED or kind > w.TRADED or kind == w.REJECTED:
        seldom(st, cmds, i, book)
        return f.DONE
    if book == 0:
        return f.BAD_BOOK
    status = order_lacks(st, c)
    if status != f.DONE:
        return status
    if kind == w.ACCEPTED:
        accepted(st, c, book)
    elif kind == w.TRADED:
        traded(st, c, book)
    elif kind == w.REPRICED or kind == f.CONVERTED:
        repriced(st, c, book)
    else:
        lessened(st, c, book)
    return f.DONE


@kernel
def is_command(cmds: Any, i: Any) -> Any:
    """Whether a record is a command: by its kind, or because the core answered that it knows no such kind."""
    kind = i64(cmds[i]["kind"])
    if kind < w.EVENT:
        return True
    if i + 1 == len(cmds) or i64(cmds[i + 1]["kind"]) != w.REJECTED:
        return False
    return i64(cmds[i + 1]["code"]) == w.C_UNKNOWN_KIND and i64(cmds[i + 1]["reject.command"]) == kind


@entry
def fold(st: Any, cmds: Any, start: Any) -> Any:
    """Take records from `start` on. Returns (index of the first not taken, status); DONE: all, and all is told."""
    g = st.core[0]
    i = i64(start)
    while i < len(cmds):
        c = cmds[i]
        status = lacks(st, c)
        if status != f.DONE:
            return (i, status)
        if is_command(cmds, i):
            finish(st)
            if i64(c["kind"]) != w.TEXT:
                g["head"] = i
            g["time"] = c["time"]
        elif i64(c["kind"]) != w.REJECTED:
            status = take_event(st, cmds, i)
            if status != f.DONE:
                return (i, status)
        g["position"] = c["position"]
        i += 1
    rows = max(i64(g["level_rows"]), i64(g["order_rows"]))
    if rows + i64(g["touched"]) * f.BOOK_ROWS + f.COMMAND_ROWS > len(st.by_level):
        return (i, f.OUT_FULL)
    finish(st)
    return (i, f.DONE)
