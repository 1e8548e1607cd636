"""Phases of books and what a simulated match says (docs/format.md, sections 6.2 to 6.6), read from the events.

Invariant: `sim_price` and its companions are what INDICATIVE told last, forgotten where the core forgets it (6.4), so
that levels left unfilled can be known without matching: the limit orders less the first `sim_volume` of each side.
"""

from typing import Any

from evermarket.core import words as w
from evermarket.core.jit import kernel
from evermarket.core.words import NONE, i64
from evermarket.venue.feed.kernels import words as f
from evermarket.venue.feed.kernels.emit import both, level_row
from evermarket.venue.feed.kernels.orders import touch


@kernel
def forget(b: Any) -> None:
    """Nothing has been simulated since."""
    b["sim_price"] = NONE
    b["sim_volume"] = 0
    b["sim_buy"] = 0
    b["sim_sell"] = 0


@kernel
def keep(b: Any) -> None:
    """What was simulated stands again if this match is postponed."""
    b["kept_price"] = b["sim_price"]
    b["kept_volume"] = b["sim_volume"]
    b["kept_buy"] = b["sim_buy"]
    b["kept_sell"] = b["sim_sell"]
    b["kept_mode"] = b["mode"]


@kernel
def enter(st: Any, book: Any, phase: Any, mode: Any) -> None:
    """A book's label and mode from now on."""
    b = st.books[book]
    if mode == w.COLLECT and i64(b["mode"]) != w.COLLECT:
        forget(b)
    b["phase"] = phase
    b["mode"] = mode
    touch(st, book)


@kernel
def leave(b: Any) -> None:
    """No special state."""
    b["special"] = 0
    b["due"] = NONE
    b["call_price"] = NONE
    b["call_reference"] = NONE


@kernel
def adopt(st: Any, book: Any) -> None:
    """A book comes back to its group."""
    row = st.groups[i64(st.books[book]["group"])]
    enter(st, book, i64(row["phase"]), i64(row["mode"]))


@kernel
def in_scope(b: Any, instrument: Any, segment: Any, group: Any) -> Any:
    """Whether a command of this scope reaches the book."""
    if group != 0:
        return i64(b["group"]) == group
    return i64(b["instrument"]) == instrument and (segment == 0 or i64(b["segment"]) == segment)


@kernel
def phase_book(st: Any, c: Any, book: Any) -> None:
    """One book's part of a PHASE (6.2, steps 1 to 6)."""
    b = st.books[book]
    if i64(b["halted"]) != 0:
        return
    special = i64(b["special"])
    if i64(c["phase.actions"]) & w.CHECK_LAST != 0 and special == w.POSTPONED_PERIODIC:
        return
    mode = i64(c["phase.mode"])
    if special != 0 and mode != w.COLLECT:
        forget(b)
    keep(b)
    leave(b)
    if i64(c["phase.match"]) == w.UNCROSS or mode == w.CONTINUOUS:
        forget(b)
        b["look"] = 1
    enter(st, book, i64(c["code"]), mode)


@kernel
def phase_changed(st: Any, c: Any, command: Any) -> None:
    """PHASE_CHANGED: of a PHASE, or of a TIMER that lets orders in again."""
    group = i64(c["phase.group"])
    instrument = i64(c["instrument"])
    segment = i64(c["attributes"]) & 15
    if i64(command["kind"]) != w.PHASE:
        return
    if group != 0:
        st.groups[group]["phase"] = c["code"]
        st.groups[group]["mode"] = c["phase.mode"]
    for book in range(1, i64(st.core[0]["books"]) + 1):
        if in_scope(st.scope[book], instrument, segment, group):
            phase_book(st, c, book)


@kernel
def stabilisation_started(st: Any, c: Any, book: Any) -> None:
    """A volatility call, or a match put off."""
    b = st.books[book]
    special = i64(c["code"])
    if special == w.VOLATILITY:
        enter(st, book, w.PHASE_VOLATILITY, w.COLLECT)
    else:
        b["mode"] = b["kept_mode"]
        b["sim_price"] = b["kept_price"]
        b["sim_volume"] = b["kept_volume"]
        b["sim_buy"] = b["kept_buy"]
        b["sim_sell"] = b["kept_sell"]
        label = w.PHASE_POSTPONED_PERIODIC
        if special == w.POSTPONED_OPEN:
            label = w.PHASE_POSTPONED_OPEN
        elif special == w.POSTPONED_CLOSE:
            label = w.PHASE_POSTPONED_CLOSE
        enter(st, book, label, w.COLLECT)
    b["look"] = 0
    b["special"] = special
    b["due"] = c["stabilised.due"]
    b["call_price"] = c["stabilised.price"]
    b["call_reference"] = c["stabilised.reference"]


@kernel
def stabilisation_ended(st: Any, book: Any, command: Any) -> None:
    """By its TIMER: the match was held. By a PHASE: PHASE_CHANGED has said all."""
    if i64(command["kind"]) == w.TIMER:
        forget(st.books[book])
        leave(st.books[book])
        adopt(st, book)


@kernel
def halted(st: Any, c: Any) -> None:
    """HALTED."""
    for book in range(1, i64(st.core[0]["books"]) + 1):
        if in_scope(st.scope[book], i64(c["instrument"]), i64(c["attributes"]) & 15, i64(0)):
            b = st.books[book]
            b["halted"] = 1
            leave(b)
            enter(st, book, w.PHASE_HALTED, w.SHUT)


@kernel
def resumed(st: Any, c: Any) -> None:
    """RESUMED: a call auction until its time, or back to the group at once."""
    until = i64(c["phase.until"])
    for book in range(1, i64(st.core[0]["books"]) + 1):
        if not in_scope(st.scope[book], i64(c["instrument"]), i64(c["attributes"]) & 15, i64(0)):
            continue
        b = st.books[book]
        b["halted"] = 0
        if until > 0:
            enter(st, book, w.PHASE_RESUMPTION, w.COLLECT)
            b["special"] = w.RESUMPTION
            b["due"] = until
        else:
            forget(b)
            adopt(st, book)


@kernel
def tell_auction(st: Any, c: Any, kind: Any) -> None:
    """INDICATIVE as SIMULATED, AUCTIONED as AUCTION."""
    n = level_row(st, kind, c["instrument"], i64(c["attributes"]) & 15)
    e = st.by_level[n]
    e["code"] = c["code"]
    e["auction.price"] = c["indicative.price"]
    e["auction.volume"] = c["indicative.volume"]
    e["auction.buy_left"] = c["indicative.buy_left"]
    e["auction.sell_left"] = c["indicative.sell_left"]
    e["auction.count"] = c["indicative.count"]
    both(st, n)


@kernel
def indicative(st: Any, c: Any, book: Any) -> None:
    """What a match held now would give."""
    b = st.books[book]
    b["sim_price"] = c["indicative.price"]
    b["sim_volume"] = c["indicative.volume"]
    b["sim_buy"] = c["indicative.buy_left"]
    b["sim_sell"] = c["indicative.sell_left"]
    touch(st, book)
    if i64(b["shows_simulated"]) != 0:
        b["told_simulated"] = 1
        tell_auction(st, c, f.SIMULATED)


@kernel
def take_back(st: Any, book: Any) -> None:
    """What was simulated no longer holds, and orders still collect: say so."""
    b = st.books[book]
    if i64(b["told_simulated"]) == 0 or i64(b["sim_price"]) != NONE:
        return
    b["told_simulated"] = 0
    if i64(b["told_mode"]) == w.COLLECT:
        n = level_row(st, f.SIMULATED, b["instrument"], b["segment"])
        st.by_level[n]["auction.price"] = NONE
        both(st, n)


@kernel
def indicated(st: Any, command: Any) -> None:
    """The end of an INDICATE: levels left unfilled are due, of every book in its scope in which anything changed."""
    group = i64(command["phase.group"])
    segment = i64(command["attributes"]) & 15
    for book in range(1, i64(st.core[0]["books"]) + 1):
        row = st.scope[book]
        if i64(row["stale"]) == 0 or not in_scope(row, i64(command["instrument"]), segment, group):
            continue
        b = st.books[book]
        if i64(b["mode"]) == w.COLLECT and i64(b["segment"]) != w.FIXED:
            b["look"] = 1
            touch(st, book)
