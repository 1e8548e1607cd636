"""A matching core small enough to be seen through: some orders rest, others trade with them, digests follow.

It makes legal records of docs/format.md, and says at once when the owner's stamps are not: order numbers that are not
dense, times that go back, runs that are torn. A state is a value, so that it can be kept.
"""

import struct
import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from evermarket.records import HEADER, Code, Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from evermarket.venue.protocol.frames import Block

POISON = 666
"""`extra` of an order that breaks the core."""

HEAD = struct.Struct("<QqBBHHH")
ORDER = struct.Struct("<QqIIIHBBBBHI")
CHANGED = struct.Struct("<QqIIIHBxII")
TRADE = struct.Struct("<qIIIIIIII")
REJECT = struct.Struct("<QqqIHB9x")
MASS = struct.Struct("<Q8xIIHHHBB8x")
ORDER_NO_AT = 48
LINE_AT = 52


class Broken(Exception):  # noqa: N818
    """The core broke on a command."""


@dataclass(frozen=True)
class State:
    """A digest over everything so far, who rests (order number, line), and what was given out."""

    digest: int = 0
    resting: tuple[tuple[int, int], ...] = ()
    order_no: int = 0
    trade_no: int = 0
    time_ns: int = 0


@dataclass
class Stream:
    """Commands and events as they come; positions from `position` on."""

    position: int
    rows: list[bytes] = field(default_factory=list)

    def put(self, raw: bytes, kind: int | None = None) -> None:
        """A record with its position; as another kind: an echo."""
        head = struct.pack("<Q", self.position) + raw[8:16]
        self.rows.append(head + (raw[16:17] if kind is None else bytes([kind])) + raw[17:])
        self.position += 1

    def event(self, command: bytes, kind: Kind, body: bytes, code: int = 0) -> None:
        _, time, _, _, instrument, _, attributes = HEAD.unpack(command[:24])
        self.put(HEAD.pack(0, time, kind, 0, instrument, code, attributes) + body)

    @property
    def records(self) -> Records:
        return np.frombuffer(b"".join(self.rows), HEADER)


def work(state: State, commands: Records, first: int, *, guarded: bool = False) -> tuple[State, Records]:
    """The state and stream after a batch. `guarded`: answer every command as one that the core cannot bear."""
    stream = Stream(first)
    raw = commands.tobytes()
    rows = [raw[at : at + 64] for at in range(0, len(raw), 64)]
    while rows:
        command = rows.pop(0)
        texts = command[17] & 15 if command[16] == Kind.ANNOUNCE else 0
        assert [row[16] for row in rows[:texts]] == [Kind.TEXT] * texts, "a torn run"
        assert command[16] != Kind.TEXT, "a text without its head"
        stream.put(command)
        for _ in range(texts):
            stream.put(rows.pop(0))
        start = len(stream.rows)
        state = _one(_stamped(state, command), command, stream, guarded=guarded)
        assert len(stream.rows) > start, "a command without an event"
        state = replace(state, digest=zlib.crc32(b"".join(stream.rows[start:]), state.digest))
    return state, stream.records


def rework(state: State, block: Block) -> tuple[State, Records]:
    """What a follower's core does with a block: the same commands; a GUARDED answer is taken over."""
    kinds = block.records["kind"]
    is_command = kinds < FIRST_EVENT
    commands = block.records.view("V64")[is_command].view(HEADER)
    is_guarded = bool(((kinds == Kind.REJECTED) & (block.records["code"] == Code.GUARDED)).any())
    return work(state, commands, block.first, guarded=is_guarded)


def _stamped(state: State, command: bytes) -> State:
    _, time, kind, *_ = HEAD.unpack(command[:24])
    assert time >= max(state.time_ns, 1), f"time goes back from {state.time_ns} to {time}"
    if kind in (Kind.NEW, Kind.QUOTE):
        (order_no,) = struct.unpack_from("<I", command, ORDER_NO_AT)
        assert order_no == state.order_no + 1, f"order number {order_no} follows {state.order_no}"
        state = replace(state, order_no=order_no + (kind == Kind.QUOTE))
    return replace(state, time_ns=time)


def _one(state: State, command: bytes, stream: Stream, *, guarded: bool) -> State:
    kind = command[16]
    if guarded:
        _reject(stream, command, Code.GUARDED)
    elif kind == Kind.NEW:
        return _new(state, command, stream)
    elif kind == Kind.QUOTE:
        return _quote(state, command, stream)
    elif kind == Kind.CANCEL:
        return _cancel(state, command, stream)
    elif kind == Kind.MASS_CANCEL:
        return _mass_cancel(state, command, stream)
    elif kind == Kind.QUOTE_REQUEST:
        stream.put(command, Kind.QUOTE_REQUESTED)
    elif kind in (Kind.PHASE, Kind.ANNOUNCE):
        stream.put(command, Kind.PHASE_CHANGED if kind == Kind.PHASE else Kind.ANNOUNCED)
    else:
        _reject(stream, command, Code.UNKNOWN_KIND)
    return state


def _new(state: State, command: bytes, stream: Stream) -> State:
    """Every third order meets who has rested longest on another line."""
    fields = list(ORDER.unpack(command[24:]))
    cl_ord_id, order_no, line, extra = fields[0], fields[4], fields[5], fields[11]
    if extra == POISON:
        raise Broken
    stream.put(command, Kind.ACCEPTED)
    other = next((order for order in state.resting if order[1] != line), None)
    if cl_ord_id % 3 != 1 or other is None:
        return replace(state, resting=(*state.resting, (order_no, line)))
    trade_no = state.trade_no + 1
    buy_no, sell_no = (order_no, other[0]) if cl_ord_id % 2 else (other[0], order_no)
    stream.event(command, Kind.TRADED, TRADE.pack(1, 1, trade_no, buy_no, sell_no, 5, 6, 7, 8))
    return replace(state, trade_no=trade_no, resting=tuple(order for order in state.resting if order != other))


def _quote(state: State, command: bytes, stream: Stream) -> State:
    cl_ord_id, line = struct.unpack_from("<Q", command, 24)[0], struct.unpack_from("<H", command, LINE_AT)[0]
    (bid_no,) = struct.unpack_from("<I", command, ORDER_NO_AT)
    stream.put(command, Kind.QUOTED)
    for order_no, side in ((bid_no, 1), (bid_no + 1, 2)):
        body = ORDER.pack(cl_ord_id, 1, 1, 0, order_no, line, side, 2, 1, 0, 0, 0)
        stream.event(command, Kind.ACCEPTED, body)
    return replace(state, resting=(*state.resting, (bid_no, line), (bid_no + 1, line)))


def _cancel(state: State, command: bytes, stream: Stream) -> State:
    """Any line may cancel any order here: both lines are told."""
    cl_ord_id = struct.unpack_from("<Q", command, 24)[0]
    (order_no,) = struct.unpack_from("<I", command, ORDER_NO_AT)
    found = next((order for order in state.resting if order[0] == order_no), None)
    if found is None:
        _reject(stream, command, Code.ORDER_NOT_LIVE)
        return state
    stream.event(command, Kind.CANCELLED, CHANGED.pack(cl_ord_id, 1, 1, 0, order_no, found[1], 1, 0, 0), code=1)
    return replace(state, resting=tuple(order for order in state.resting if order != found))


def _mass_cancel(state: State, command: bytes, stream: Stream) -> State:
    cl_ord_id, _, _, _, of_line, line, _, _ = MASS.unpack(command[24:])
    wanted = of_line or line
    gone = [order for order in state.resting if order[1] == wanted]
    for order_no, whose in gone:
        stream.event(command, Kind.CANCELLED, CHANGED.pack(cl_ord_id, 1, 1, 0, order_no, whose, 1, 0, 0), code=7)
    stream.event(command, Kind.MASS_CANCELLED, MASS.pack(cl_ord_id, len(gone), 0, 0, of_line, line, 0, 0))
    return replace(state, resting=tuple(order for order in state.resting if order not in gone))


def _reject(stream: Stream, command: bytes, code: Code) -> None:
    kind = command[16]
    cl_ord_id, order_no, line = 0, 0, 0
    if kind <= Kind.VOID_TRADE:
        cl_ord_id, line = struct.unpack_from("<Q", command, 24)[0], struct.unpack_from("<H", command, LINE_AT)[0]
        order_no = struct.unpack_from("<I", command, ORDER_NO_AT)[0] if kind <= Kind.QUOTE else 0
    stream.event(command, Kind.REJECTED, REJECT.pack(cl_ord_id, 0, 0, order_no, line, kind), code)
