"""The fold of a stream into lists: whom each event concerns, which ids a line has used, whose order a number is.

A set of growing lists lies in one `pool`, rows of one or two words; `heads` has a row a list: start, length, room. A
list that outgrows its room moves to the pool's end with twice as much.
"""

from typing import Any

import numpy as np

from evermarket.core.jit import entry, kernel
from evermarket.records.kinds import Kind
from evermarket.venue.protocol.kernels.words import (
    ACCEPTED,
    BY_32,
    BY_48,
    FIRST_OF_EVENTS,
    LAST_OF_MEMBERS,
    LOW,
    NOTHING,
    OFF_BOOK_TRADED,
    QUOTE_REQUESTED,
    SHORT,
    TRADE_VOIDED,
    TRADED,
    Ints,
    Lines,
    Words,
    has_id,
    kind_of,
    line_behind,
    line_of,
    numbers_taken,
)

TEXT, ANNOUNCED, CLOSED = int(Kind.TEXT), int(Kind.ANNOUNCED), int(Kind.CLOSED)
PHASE_CHANGED, AUCTIONED = int(Kind.PHASE_CHANGED), int(Kind.AUCTIONED)

FLOW_USED, IDS_USED, PUBLIC_USED, LAST_ORDER_NO, LARGEST_ROOM, LINE, ID_AT, TEXTS, COUNTERS = range(9)
"""`counters`: rows used of each pool; the command that is being worked: its line (-1: none), row, texts so far."""

FEW, LINES_OF_A_RECORD = 4, 4


@kernel
def add(heads: Ints, pool: Words, counters: Ints, used: int, n: int, first: Any, second: Any) -> int:
    """Append a row to list `n` if its last row does not begin alike. True: it was appended."""
    start, length, room = heads[n, 0], heads[n, 1], heads[n, 2]
    if length > 0 and pool[start + length - 1, 0] == first:
        return 0
    if length == room:
        grown = max(FEW, 2 * room)
        if start + room != counters[used] or room == 0:
            at = counters[used]
            for k in range(length):
                for column in range(pool.shape[1]):
                    pool[at + k, column] = pool[start + k, column]
            heads[n, 0] = start = at
            counters[used] += grown
        else:
            counters[used] += room
        heads[n, 2] = grown
        counters[LARGEST_ROOM] = max(counters[LARGEST_ROOM], grown)
    pool[start + length, 0] = first
    if pool.shape[1] > 1:
        pool[start + length, 1] = second
    heads[n, 1] = length + 1
    return 1


@entry
def fold(
    words: Words,
    start: int,
    order_line: Lines,
    senders: Lines,
    flow_heads: Ints,
    flow: Words,
    id_heads: Ints,
    ids: Words,
    public: Words,
    counters: Ints,
) -> int:
    """Add a stream's records from row `start` to the lists; the first row not added, for want of room in a pool.

    `flow`: positions by line; `ids`: (cl_ord_id, position of the command) by line; `order_line`: order_no -> line;
    `senders`: position of an event -> line of its command; `public`: positions, one list. The caller gives room in
    these three for the whole stream.
    """
    for i in range(start, len(words)):
        room = LINES_OF_A_RECORD * max(FEW, 2 * counters[LARGEST_ROOM])
        if counters[FLOW_USED] + room > len(flow) or counters[IDS_USED] + room > len(ids):
            return i
        if kind_of(words, i) < FIRST_OF_EVENTS:
            note_command(words, i, id_heads, ids, counters)
        else:
            senders[np.int64(words[i, 0])] = max(counters[LINE], 0)
            note_event(words, i, order_line, flow_heads, flow, public, counters)
    return len(words)


@kernel
def note_command(words: Words, i: int, id_heads: Ints, ids: Words, counters: Ints) -> int:
    kind = kind_of(words, i)
    if kind == TEXT:
        counters[TEXTS] += 1
        return 0
    counters[TEXTS] = 0
    counters[LINE] = -1
    if 1 <= kind <= LAST_OF_MEMBERS:
        line = line_of(words, i)
        counters[LINE] = line
        counters[ID_AT] = i
        if np.int64(words[i, 6] & LOW) == counters[LAST_ORDER_NO] + 1:
            counters[LAST_ORDER_NO] += numbers_taken(kind)
        length = id_heads[line, 1]
        if line > 0 and (length == 0 or words[i, 3] > ids[id_heads[line, 0] + length - 1, 0]):
            add(id_heads, ids, counters, IDS_USED, line, words[i, 3], words[i, 0])
    return 0


@kernel
def note_event(words: Words, i: int, order_line: Lines, heads: Ints, flow: Words, public: Words, counters: Ints) -> int:
    kind = kind_of(words, i)
    at = words[i, 0]
    if kind == TRADED:
        tell_line_of(order_line, words[i, 5] & LOW, heads, flow, counters, at)
        tell_line_of(order_line, words[i, 5] >> BY_32, heads, flow, counters, at)
    elif has_id(kind):
        if kind == ACCEPTED and np.int64(words[i, 6] & LOW) < len(order_line):
            order_line[np.int64(words[i, 6] & LOW)] = line_of(words, i)
        add(heads, flow, counters, FLOW_USED, line_of(words, i), at, NOTHING)
        asker = counters[LINE]
        if asker > 0 and words[counters[ID_AT], 3] == words[i, 3]:
            add(heads, flow, counters, FLOW_USED, asker, at, NOTHING)
        if kind == OFF_BOOK_TRADED:
            tell_line(np.int64(words[i, 6] >> BY_48), heads, flow, counters, at)
            tell_line(np.int64(words[i, 7] & SHORT), heads, flow, counters, at)
        elif kind == TRADE_VOIDED:
            tell_line_of(order_line, words[i, 6] & LOW, heads, flow, counters, at)
            tell_line_of(order_line, words[i, 7] & LOW, heads, flow, counters, at)
    if kind == ANNOUNCED:
        for k in range(counters[TEXTS]):
            tell_public(words[i - counters[TEXTS] + k, 0], public, counters)
    if kind in (QUOTE_REQUESTED, PHASE_CHANGED, CLOSED) or AUCTIONED <= kind <= ANNOUNCED:
        tell_public(at, public, counters)
    return 0


@kernel
def tell_line(line: Any, heads: Ints, flow: Words, counters: Ints, at: Any) -> int:
    """A line that is named if it is not 0."""
    return add(heads, flow, counters, FLOW_USED, line, at, NOTHING) if line > 0 else 0


@kernel
def tell_line_of(order_line: Lines, order_no: Any, heads: Ints, flow: Words, counters: Ints, at: Any) -> int:
    return tell_line(line_behind(order_line, order_no), heads, flow, counters, at)


@kernel
def tell_public(at: Any, public: Words, counters: Ints) -> int:
    public[counters[PUBLIC_USED], 0] = at
    counters[PUBLIC_USED] += 1
    return 0


@entry
def cut(heads: Ints, pool: Words, column: int, position: int) -> int:
    """Take rows off the end of every list whose `column` is above a position."""
    for n in range(len(heads)):
        while heads[n, 1] > 0 and np.int64(pool[heads[n, 0] + heads[n, 1] - 1, column]) > position:
            heads[n, 1] -= 1
    return 0
