"""The kernels of door and flow (docs/sessions.md): what a line was told, what it is told now, what it may say.

All kernels of the protocol stand in this one file, for a compiled kernel is kept under the file it stands in. A record
is eight 64-bit words (docs/format.md, sections 2 and 4):

    word 0 position; 1 time; 2 kind, flags, instrument, code, attributes; 3 cl_ord_id; 6 order_no u4, line u2, ...
    kinds 64 to 69 and 71 to 75 have a cl_ord_id
    TRADED: 5 buy_no, sell_no; 6 buy_leaves, sell_leaves; 7 buy_cum, sell_cum (each u4, the buyer's first)
    TRADE_VOIDED: 6 buy_no u4, line u2; 7 sell_no u4
    OFF_BOOK_TRADED: 5 qty, buy_account; 6 sell_account u4, line u2, buy_line u2; 7 sell_line u2, both open_close u1

A set of growing lists lies in one `pool`, rows of one or two words; `heads` has a row a list: start, length, room. A
list that outgrows its room moves to the pool's end with twice as much. Positions stay below 2^63.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import entry, kernel
from evermarket.records.kinds import FIRST_EVENT, Flag, Kind
from evermarket.records.session import FlowFlag

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Lines = npt.NDArray[np.uint16]

WORDS: Final = 8
BYTE: Final = np.uint64(0xFF)
SHORT: Final = np.uint64(0xFFFF)
LOW: Final = np.uint64(0xFFFF_FFFF)
HIGH: Final = np.uint64(0xFFFF_FFFF_0000_0000)
BY_32, BY_48 = np.uint64(32), np.uint64(48)
NOTHING: Final = np.uint64(0)
WITHOUT_FLAGS: Final = np.uint64(0xFFFF_FFFF_FFFF_00FF)
PUBLIC: Final = np.uint64(FlowFlag.PUBLIC << 8)
REPEAT: Final = np.uint64(FlowFlag.REPEAT << 8)
WITHOUT_LINE: Final = np.uint64(0xFFFF_0000_FFFF_FFFF)
WITHOUT_BUY_LINE: Final = np.uint64(0x0000_FFFF_FFFF_FFFF)
WITHOUT_BUY_OPEN_CLOSE: Final = np.uint64(0xFFFF_FFFF_FF00_FFFF)
WITHOUT_SELLER: Final = np.uint64(0xFFFF_FFFF_00FF_0000)

NEW, QUOTE, LAST_OF_MEMBERS = int(Kind.NEW), int(Kind.QUOTE), int(Kind.VOID_TRADE)
TEXT, FIRST_OF_EVENTS, ANNOUNCED, CLOSED = int(Kind.TEXT), int(FIRST_EVENT), int(Kind.ANNOUNCED), int(Kind.CLOSED)
ACCEPTED, CONVERTED, TRADED = int(Kind.ACCEPTED), int(Kind.CONVERTED), int(Kind.TRADED)
OFF_BOOK_TRADED, TRADE_VOIDED = int(Kind.OFF_BOOK_TRADED), int(Kind.TRADE_VOIDED)
QUOTE_REQUESTED, MASS_CANCELLED = int(Kind.QUOTE_REQUESTED), int(Kind.MASS_CANCELLED)
PHASE_CHANGED, AUCTIONED, STABILISATION_STARTED = (
    int(Kind.PHASE_CHANGED),
    int(Kind.AUCTIONED),
    int(Kind.STABILISATION_STARTED),
)
COMMANDS: Final = np.uint64(sum(1 << kind for kind in Kind if kind < FIRST_EVENT))
ONE: Final = np.uint64(1)

FLOW_USED, IDS_USED, PUBLIC_USED, LAST_ORDER_NO, LARGEST_ROOM, LINE, ID_AT, TEXTS, COUNTERS = range(9)
"""`counters`: rows used of each pool; the command that is being worked: its line (-1: none), row, texts so far."""

FEW, LINES_OF_A_RECORD = 4, 4


@kernel
def kind_of(words: Words, i: int) -> int:
    return np.int64(words[i, 2] & BYTE)  # type: ignore[return-value]


@kernel
def line_of(words: Words, i: int) -> int:
    """The field `line`, at byte 52 in every kind that has it."""
    return np.int64(words[i, 6] >> BY_32 & SHORT)  # type: ignore[return-value]


@kernel
def has_id(kind: int) -> bool:
    """Whether an event has the fields `cl_ord_id` and `line`."""
    return ACCEPTED <= kind <= CONVERTED or OFF_BOOK_TRADED <= kind <= MASS_CANCELLED


@kernel
def numbers_taken(kind: int) -> int:
    """Order numbers that a command uses up (docs/format.md, 5.3)."""
    return 1 if kind == NEW else 2 if kind == QUOTE else 0


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
def line_behind(order_line: Lines, order_no: Any) -> int:
    """Whose order it is; 0 if the number was never accepted."""
    number = np.int64(order_no)
    return np.int64(order_line[number]) if number < len(order_line) else 0  # type: ignore[return-value]


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


# --- telling --------------------------------------------------------------------------------------------------------

IS_LIVE, OF_LINE, OWN_AT, PUBLIC_AT, REPEAT_UPTO, SEATS = range(6)
"""A row a connection: whether it is told at each release, its line, how many rows of its flow and of the public flow it
was told (public -1: not wished), and the position up to which all is a repetition."""


@entry
def count(seats: Ints, flow_heads: Ints, flow: Words, public: Words, public_end: int, upto: int) -> int:
    """How many rows the next telling up to a position may need."""
    rows = 0
    for n in range(len(seats)):
        if seats[n, IS_LIVE]:
            line = seats[n, OF_LINE]
            end = flow_heads[line, 0] + flow_heads[line, 1]
            i = flow_heads[line, 0] + seats[n, OWN_AT]
            while i < end and np.int64(flow[i, 0]) <= upto:
                i += 1
                rows += 1
            if seats[n, PUBLIC_AT] >= 0:
                i = seats[n, PUBLIC_AT]
                while i < public_end and np.int64(public[i, 0]) <= upto:
                    i += 1
                    rows += 1
    return rows


@entry
def tell(
    words: Words,
    first: int,
    upto: int,
    seats: Ints,
    order_line: Lines,
    senders: Lines,
    flow_heads: Ints,
    flow: Words,
    public: Words,
    public_end: int,
    out: Words,
    spans: Ints,
) -> int:
    """Copy what each live connection is told of the records from position `first` (row 0 of `words`) up to `upto`.

    `spans` gets a row a connection that is told something: its seat, first row in `out`, row behind the last. Returns
    how many. Cursors in `seats` go on.
    """
    told = row = 0
    for n in range(len(seats)):
        if seats[n, IS_LIVE]:
            begin = row
            line = seats[n, OF_LINE]
            while True:
                start = flow_heads[line, 0]
                own = next_at(flow, start + seats[n, OWN_AT], start + flow_heads[line, 1], upto)
                other = upto + 1
                if seats[n, PUBLIC_AT] >= 0:
                    other = next_at(public, seats[n, PUBLIC_AT], public_end, upto)
                at = min(own, other)
                if at > upto:
                    break
                if own == at:
                    seats[n, OWN_AT] += 1
                if other == at:
                    seats[n, PUBLIC_AT] += 1
                for word in range(WORDS):
                    out[row, word] = words[at - first, word]
                dress(out, row, line, order_line, senders, own != at, seats[n, REPEAT_UPTO])
                row += 1
            if row > begin:
                spans[told, 0], spans[told, 1], spans[told, 2] = n, begin, row
                told += 1
    return told


@kernel
def next_at(pool: Words, i: int, end: int, upto: int) -> int:
    """The position at row `i` of a list that ends before row `end`; behind `upto` if there is none."""
    return np.int64(pool[i, 0]) if i < end else upto + 1  # type: ignore[return-value]


@entry
def dress_all(
    out: Words, line: int, order_line: Lines, senders: Lines, is_public: npt.NDArray[np.bool_], repeat_upto: int
) -> int:
    """Make copies of records what a line is told."""
    for row in range(len(out)):
        dress(out, row, line, order_line, senders, is_public[row], repeat_upto)
    return len(out)


@kernel
def dress(out: Words, row: int, line: int, order_line: Lines, senders: Lines, is_public: bool, repeat_upto: int) -> int:
    """Mask what is not this line's to know and set the flow's bits of `flags`."""
    kind = kind_of(out, row)
    if is_public:
        out[row, 2] = out[row, 2] & WITHOUT_FLAGS | PUBLIC
        if kind == QUOTE_REQUESTED:
            out[row, 3] = NOTHING
            out[row, 5] &= LOW
            out[row, 6] &= WITHOUT_LINE
        elif kind == STABILISATION_STARTED:
            out[row, 7] &= HIGH
    else:
        if has_id(kind) and senders[np.int64(out[row, 0])] != line:
            out[row, 3] = NOTHING
        if kind == TRADED:
            mask_trade(out, row, line, order_line)
        elif kind == TRADE_VOIDED:
            mask_void(out, row, line, order_line)
        elif kind == OFF_BOOK_TRADED and line_of(out, row) != line:
            mask_off_book(out, row, line)
    if np.int64(out[row, 0]) <= repeat_upto:
        out[row, 2] |= REPEAT
    return 0


@kernel
def mask_trade(out: Words, row: int, line: int, order_line: Lines) -> int:
    is_buyer = line_behind(order_line, out[row, 5] & LOW) == line
    is_seller = line_behind(order_line, out[row, 5] >> BY_32) == line
    if is_buyer != is_seller:
        mask = LOW if is_buyer else HIGH
        out[row, 5] &= mask
        out[row, 6] &= mask
        out[row, 7] &= mask
    return 0


@kernel
def mask_void(out: Words, row: int, line: int, order_line: Lines) -> int:
    is_buyer = line_behind(order_line, out[row, 6] & LOW) == line
    is_seller = line_behind(order_line, out[row, 7] & LOW) == line
    if is_buyer and not is_seller:
        out[row, 7] &= HIGH
    elif is_seller and not is_buyer:
        out[row, 6] &= HIGH
    return 0


@kernel
def mask_off_book(out: Words, row: int, line: int) -> int:
    is_buyer = np.int64(out[row, 6] >> BY_48) == line
    is_seller = np.int64(out[row, 7] & SHORT) == line
    if is_buyer and not is_seller:
        out[row, 6] &= HIGH
        out[row, 7] &= WITHOUT_SELLER
    elif is_seller and not is_buyer:
        out[row, 5] &= LOW
        out[row, 6] &= WITHOUT_BUY_LINE
        out[row, 7] &= WITHOUT_BUY_OPEN_CLOSE
    return 0


# --- the door -------------------------------------------------------------------------------------------------------

IS_NEW, IS_ALONE, IS_RESEND, IS_BAD, IS_FOREIGN = range(5)
FLAGGED: Final = np.uint64(Flag.POSS_RESEND << 8)


@entry
def look(words: Words, line: int, last_id: Words, verdicts: npt.NDArray[np.uint8]) -> int:
    """Judge commands of a line one by one; how many were looked at. Stops behind one that ends the session.

    `last_id[0]` is the largest id taken, and is moved on. IS_ALONE: new, and its sender does not know its fate.
    """
    for i in range(len(words)):
        kind = kind_of(words, i)
        verdict = IS_NEW
        if kind >= FIRST_OF_EVENTS or not COMMANDS >> np.uint64(kind) & ONE or (line > 0 and kind > LAST_OF_MEMBERS):
            verdict = IS_BAD
        elif kind <= LAST_OF_MEMBERS and line_of(words, i) != line:
            verdict = IS_FOREIGN
        elif numbers_taken(kind) > 0 and words[i, 6] & LOW != NOTHING:
            verdict = IS_BAD
        elif line > 0 and words[i, 3] <= last_id[0]:
            verdict = IS_RESEND
        else:
            if line > 0:
                last_id[0] = words[i, 3]
            if words[i, 2] & FLAGGED != NOTHING:
                verdict = IS_ALONE
        verdicts[i] = verdict
        if verdict >= IS_BAD:
            return i + 1
    return len(words)


@entry
def stamp(words: Words, time_ns: int, order_no: int) -> int:
    """Give commands their time and order numbers from `order_no` on; the next number."""
    for i in range(len(words)):
        words[i, 1] = np.uint64(time_ns)
        taken = numbers_taken(kind_of(words, i))
        if taken > 0:
            words[i, 6] = words[i, 6] & HIGH | np.uint64(order_no)
            order_no += taken
    return order_no
