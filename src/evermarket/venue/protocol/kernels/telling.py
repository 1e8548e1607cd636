"""What each connection is told of what has been released: copies, masked, with the flow's bits of `flags`."""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import entry, kernel
from evermarket.records.kinds import Kind
from evermarket.records.session import FlowFlag
from evermarket.venue.protocol.kernels.words import (
    BY_32,
    BY_48,
    HIGH,
    LOW,
    NOTHING,
    OFF_BOOK_TRADED,
    QUOTE_REQUESTED,
    SHORT,
    TRADE_VOIDED,
    TRADED,
    WORDS,
    Ints,
    Lines,
    Words,
    has_id,
    kind_of,
    line_behind,
    line_of,
)

WITHOUT_FLAGS: Final = np.uint64(0xFFFF_FFFF_FFFF_00FF)
PUBLIC: Final = np.uint64(FlowFlag.PUBLIC << 8)
REPEAT: Final = np.uint64(FlowFlag.REPEAT << 8)
WITHOUT_LINE: Final = np.uint64(0xFFFF_0000_FFFF_FFFF)
WITHOUT_BUY_LINE: Final = np.uint64(0x0000_FFFF_FFFF_FFFF)
WITHOUT_BUY_OPEN_CLOSE: Final = np.uint64(0xFFFF_FFFF_FF00_FFFF)
WITHOUT_SELLER: Final = np.uint64(0xFFFF_FFFF_00FF_0000)
STABILISATION_STARTED: Final = int(Kind.STABILISATION_STARTED)

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
