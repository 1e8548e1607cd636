"""What a line may say, what of it is new, and what the owner stamps on what it takes."""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.core.jit import entry
from evermarket.records.kinds import FIRST_EVENT, Flag, Kind
from evermarket.venue.protocol.kernels.words import (
    FIRST_OF_EVENTS,
    HIGH,
    LAST_OF_MEMBERS,
    LOW,
    NOTHING,
    Words,
    kind_of,
    line_of,
    numbers_taken,
)

COMMANDS: Final = np.uint64(sum(1 << kind for kind in Kind if kind < FIRST_EVENT))
ONE: Final = np.uint64(1)
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
