"""Whoever reads the released stream: finds the owner, begins behind what it has, and goes on across restarts and
switches without a gap or a repeat.

Only what is released comes over this line, and what is released never changes; so a place (position and chain) that
one owner told is known to every later one.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from evermarket.journal.frames import NO_CHAIN
from evermarket.records import HEADER, Kind, Records
from evermarket.records.kinds import FIRST_FRAME
from evermarket.records.layout import BLOCK, EPOCH
from evermarket.records.raw import WHOLE
from evermarket.venue.line.wire import BadMessage, Framer, Message, Op, Role, head

RETRY_S: Final = 0.01
SILENT_S: Final = 1.0
READ_BYTES: Final = 1 << 20


class Place(NamedTuple):
    """How far a reader has come: the last position, its epoch, and the chain there; the number of the core that owns
    that epoch, and the position behind which it began."""

    position: int = 0
    epoch: int = 0
    chain: bytes = NO_CHAIN
    owner: int = 0
    began: int = 0


class Piece(NamedTuple):
    """Records of the released stream, positions in order without a gap, and the place behind them. `blocks`: the BLOCK
    records that ended them, which tell the owner's digest behind each."""

    records: Records
    place: Place
    blocks: Records = np.zeros(0, BLOCK)


class LineRefused(ConnectionError):  # noqa: N818
    """The other end does not let us read now: it does not own the market."""


class PlaceUnknown(Exception):  # noqa: N818
    """The market's owner does not have what was read: a switch was forced to a core that lacked it. Whoever built
    something of what it read begins anew."""


def parse_frames(payload: bytes, place: Place) -> Piece:
    """The records of whole frames, and the place behind the last. Errors: BadMessage if they do not follow."""
    rows = np.frombuffer(payload, HEADER)
    kinds = rows["kind"]
    seals = np.flatnonzero(kinds >= FIRST_FRAME)
    if not len(seals) or seals[-1] != len(rows) - 1:
        raise BadMessage("frames that are not whole")
    last = rows[-1:].view(BLOCK if kinds[-1] == Kind.BLOCK else EPOCH)[0]
    items: Records = rows.view(WHOLE)[kinds < FIRST_FRAME]
    records = items.view(HEADER)
    if len(records) and (
        records["position"][0] != place.position + 1
        or records["position"][-1] != place.position + len(records)
        or int(last["position"]) != place.position + len(records)
    ):
        raise BadMessage(f"records from position {records['position'][0]} do not follow on {place.position}")
    owner, began = place.owner, place.began
    for epoch in rows.view(EPOCH)[np.flatnonzero(kinds == Kind.EPOCH)[-1:]]:
        owner, began = int(epoch["owner"]), int(epoch["position"])
    place = Place(int(last["position"]), int(last["epoch"]), last["chain"].tobytes(), owner, began)
    return Piece(records, place, rows.view(WHOLE)[kinds == Kind.BLOCK].view(BLOCK))


async def released(addresses: Sequence[tuple[str, int]], place: Place = Place()) -> AsyncIterator[Piece]:  # noqa: B008
    """The stream behind `place`, for ever: an owner is looked for among the addresses whenever there is none. Errors:
    PlaceUnknown."""
    at = 0
    while True:
        try:
            async with contextlib.aclosing(_from(addresses[at % len(addresses)], place)) as pieces:
                async for piece in pieces:
                    place = piece.place
                    yield piece
        except (OSError, EOFError, TimeoutError, BadMessage):
            at += 1
            await asyncio.sleep(RETRY_S)


async def _from(address: tuple[str, int], place: Place) -> AsyncGenerator[Piece, None]:
    reader, writer = await asyncio.open_connection(*address, limit=READ_BYTES)
    try:
        writer.write(head(Op.FOLLOW, len(place.chain), place.position, place.epoch, Role.READER) + place.chain)
        framer = Framer()
        while True:
            async with asyncio.timeout(SILENT_S):
                data = await reader.read(READ_BYTES)
            if not data:
                raise EOFError("the line has ended")
            for message in framer.feed(data):
                piece = _piece(message, place)
                if piece is not None:
                    place = piece.place
                    yield piece
    finally:
        writer.transport.abort()


def _piece(message: Message, place: Place) -> Piece | None:
    match message.op:
        case Op.FRAMES:
            piece = parse_frames(message.payload, place)
            if piece.place.epoch < place.epoch:
                raise BadMessage(f"epoch {piece.place.epoch} after {place.epoch}")
            return piece
        case Op.REFUSED:
            why = message.payload.decode(errors="replace")
            raise LineRefused(why) if message.b or message.c else PlaceUnknown(why)
        case _:
            return None
