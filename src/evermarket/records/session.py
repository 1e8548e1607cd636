"""What a member's session says beside commands and events (docs/sessions.md): 64-byte records that no journal holds.

The header is that of every record (docs/format.md, section 2); bytes no field names are zero.
"""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np

from evermarket.records.layout import Records, record_dtype
from evermarket.records.units import RECORD_BYTES


class SessionKind(IntEnum):
    """Kinds from 224: between a member and a core."""

    CHALLENGE = 224
    LOG_ON = 225
    LOGGED_ON = 226
    LOG_OFF = 227
    HEARTBEAT = 228
    FENCED = 229
    THROTTLED = 230
    NEVER_RECEIVED = 231
    RELAYED = 232
    NOTICE = 233
    READY = 234


FIRST_SESSION_KIND: Final = 224


class Resume(IntEnum):
    """From where the flow is wanted (the words of CTP's private flow)."""

    RESTART = 1
    RESUME = 2
    QUICK = 3


class Wish(IntFlag):
    """What a member asks for at log-on."""

    CANCEL_ON_DISCONNECT = 1
    PUBLIC_FLOW = 2


class Parting(IntEnum):
    """Why a session ends (`code` of LOG_OFF), or what a NOTICE tells."""

    MEMBER = 1
    CLOSING = 2
    BAD_TICKET = 3
    LINE_TAKEN = 4
    AHEAD = 5
    FOREIGN_LINE = 6
    BAD_RECORD = 7
    SILENT = 8
    SLOW = 9
    LATE = 10
    FULL = 11


class Readiness(IntEnum):
    """What a member says of itself (`code` of READY)."""

    READY = 1
    HAND_RAISED = 2


class FlowFlag(IntFlag):
    """Bits of `flags` that a session sets in what it tells."""

    PUBLIC = 64
    REPEAT = 128


CHALLENGE: Final = record_dtype(("epoch", "<u4", 24), ("make", "<u2", 28), ("nonce", "V32", 32))
LOG_ON: Final = record_dtype(
    ("line", "<u2", 24), ("resume", "u1", 26), ("wish", "u1", 27), ("trading_day", "<u4", 28), ("proof", "V32", 32)
)
LOGGED_ON: Final = record_dtype(
    ("last_id", "<u8", 24),
    ("flow_position", "<u8", 32),
    ("epoch", "<u4", 40),
    ("trading_day", "<u4", 44),
    ("heartbeat_ms", "<u4", 48),
    ("line", "<u2", 52),
    ("make", "<u2", 54),
    ("rate", "<u4", 56),
    ("owner", "<u4", 60),
)
LOG_OFF: Final = record_dtype()
HEARTBEAT: Final = record_dtype(("received", "<u8", 24), ("epoch", "<u4", 40))
FENCED: Final = record_dtype(("epoch", "<u4", 40))
THROTTLED: Final = record_dtype(
    ("cl_ord_id", "<u8", 24), ("retry_ns", "<i8", 32), ("rate", "<u4", 40), ("line", "<u2", 52), ("command", "u1", 54)
)
NEVER_RECEIVED: Final = record_dtype(
    ("cl_ord_id", "<u8", 24), ("epoch", "<u4", 40), ("line", "<u2", 52), ("command", "u1", 54)
)
RELAYED: Final = record_dtype(("port", "<u2", 24), ("address", "V16", 32))
NOTICE: Final = record_dtype(("address", "V16", 32))
READY: Final = record_dtype(("text", "S40", 24))

SESSION_LAYOUT: Final[dict[SessionKind, np.dtype[np.void]]] = {
    SessionKind.CHALLENGE: CHALLENGE,
    SessionKind.LOG_ON: LOG_ON,
    SessionKind.LOGGED_ON: LOGGED_ON,
    SessionKind.LOG_OFF: LOG_OFF,
    SessionKind.HEARTBEAT: HEARTBEAT,
    SessionKind.FENCED: FENCED,
    SessionKind.THROTTLED: THROTTLED,
    SessionKind.NEVER_RECEIVED: NEVER_RECEIVED,
    SessionKind.RELAYED: RELAYED,
    SessionKind.NOTICE: NOTICE,
    SessionKind.READY: READY,
}
"""The dtype of each kind."""

assert all(dtype.itemsize == RECORD_BYTES for dtype in SESSION_LAYOUT.values())


def session_record(kind: SessionKind, **values: int | bytes) -> Records:
    """One record of a kind with these fields; everything else zero."""
    dtype = SESSION_LAYOUT[kind]
    row = np.zeros(1, dtype)
    row["kind"] = kind
    for name, value in values.items():
        row[name] = np.void(value) if dtype[name].kind == "V" else value
    return row
