"""Which of a member's records may go on to the core (docs/sessions.md, Commands)."""

from typing import Final, NamedTuple

import numpy as np

from evermarket.records import HEADER, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.session import Parting, Readiness, SessionKind

_READINESS: Final = list(Readiness)
_MEMBER_KINDS: Final = range(Kind.NEW, Kind.VOID_TRADE + 1)

_IS_COMMAND: Final = np.zeros(256, np.bool_)
_IS_COMMAND[[kind for kind in Kind if kind < FIRST_EVENT]] = True
_IS_MEMBERS: Final = np.zeros(256, np.bool_)
_IS_MEMBERS[list(_MEMBER_KINDS)] = True
_IS_NUMBERED: Final = np.zeros(256, np.bool_)
_NUMBERED: Final = (Kind.NEW, Kind.QUOTE)
_IS_NUMBERED[list(_NUMBERED)] = True


def is_plain(data: bytes, line: int) -> bool:
    """Whether these 64 bytes are a command that this line may send; the same as `sort_out` says of one record."""
    kind = data[16]
    if not Kind.NEW <= kind <= Kind.VOID_TRADE or data[52] | data[53] << 8 != line:
        return False
    return kind not in _NUMBERED or data[48:52] == b"\0\0\0\0"


def id_of(data: bytes) -> int:
    """The client order id of a member's command."""
    return int.from_bytes(data[24:32], "little")


class Sorted(NamedTuple):
    """The commands of a batch up to the first record that ends the session, and why that one does (None: none does)."""

    commands: Records
    parting: Parting | None


def sort_out(records: Records, line: int) -> Sorted:
    """What a logged-on member sent: commands that may go on, without its heartbeats and what it says of itself. Whether
    runs of line 0 are whole is judged behind the door (protocol/runs.py)."""
    kinds = records["kind"]
    seen = records.view(ORDER)
    is_own = seen["line"] == line
    if line:
        is_good = _IS_MEMBERS[kinds] & is_own
    else:
        is_good = _IS_COMMAND[kinds] & (is_own | ~_IS_MEMBERS[kinds])
    is_good &= ~_IS_NUMBERED[kinds] | (seen["order_no"] == 0)
    if is_good.all():
        return Sorted(records, None)
    is_said = (kinds == SessionKind.READY) & np.isin(records["code"], _READINESS)
    wrong = np.flatnonzero(~(is_good | is_said | (kinds == SessionKind.HEARTBEAT)))
    stop = int(wrong[0]) if len(wrong) else len(records)
    commands: Records = records.view(WHOLE)[:stop][is_good[:stop]]
    parting = _parting(int(kinds[stop]), bool(is_own[stop])) if stop < len(records) else None
    return Sorted(commands.view(HEADER), parting)


def _parting(kind: int, is_own: bool) -> Parting:
    if kind == SessionKind.LOG_OFF:
        return Parting.MEMBER
    return Parting.FOREIGN_LINE if kind in _MEMBER_KINDS and not is_own else Parting.BAD_RECORD
