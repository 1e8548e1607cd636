"""A record as the kernels of the protocol see it: eight 64-bit words (docs/format.md, sections 2 and 4).

    word 0 position; 1 time; 2 kind, flags, instrument, code, attributes; 3 cl_ord_id; 6 order_no u4, line u2, ...
    kinds 64 to 69 and 71 to 75 have a cl_ord_id and a line
    TRADED: 5 buy_no, sell_no; 6 buy_leaves, sell_leaves; 7 buy_cum, sell_cum (each u4, the buyer's first)
    TRADE_VOIDED: 6 buy_no u4, line u2; 7 sell_no u4
    OFF_BOOK_TRADED: 5 qty, buy_account; 6 sell_account u4, line u2, buy_line u2; 7 sell_line u2, both open_close u1

Positions stay below 2^63.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import kernel
from evermarket.records.kinds import FIRST_EVENT, Kind

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

NEW, QUOTE, LAST_OF_MEMBERS = int(Kind.NEW), int(Kind.QUOTE), int(Kind.VOID_TRADE)
FIRST_OF_EVENTS: Final = int(FIRST_EVENT)
ACCEPTED, CONVERTED, TRADED = int(Kind.ACCEPTED), int(Kind.CONVERTED), int(Kind.TRADED)
OFF_BOOK_TRADED, TRADE_VOIDED = int(Kind.OFF_BOOK_TRADED), int(Kind.TRADE_VOIDED)
QUOTE_REQUESTED, MASS_CANCELLED = int(Kind.QUOTE_REQUESTED), int(Kind.MASS_CANCELLED)


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
def line_behind(order_line: Lines, order_no: Any) -> int:
    """Whose order it is; 0 if the number was never accepted."""
    number = np.int64(order_no)
    return np.int64(order_line[number]) if number < len(order_line) else 0  # type: ignore[return-value]
