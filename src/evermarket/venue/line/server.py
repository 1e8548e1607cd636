"""The owner's end of the line: one follower by name, and any number of readers. An asyncio shell; nothing is decided.

What a follower is sent is what the node says (`replicate`); a reader gets what is released, from the place it names.
Both are sent whole frames as they lie in the journal. A reader that does not read is sent nothing until it does; its
place is kept as an index, the frames come from the log when there is room.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol, cast

from evermarket.journal.frames import flat
from evermarket.venue.line.wire import BadMessage, Framer, Message, Op, Role, head
from evermarket.venue.protocol.frames import Block, Frame
from evermarket.venue.protocol.log import Log
from evermarket.venue.protocol.messages import Ack, Behind, Refused, Replicate

FRAMES_A_MESSAGE: Final = 64
RECORDS_A_MESSAGE: Final = 65_536
HELD_BYTES_MAX: Final = 4 << 20
FOLLOWER_BYTES_MAX: Final = 256 << 20
"""A follower that leaves so much unread is cut off; it finds its place again when it comes back."""

FromFollower = Ack | Behind | Refused


class FollowedCore(Protocol):
    """What the line needs of the core that stands behind it."""

    @property
    def epoch(self) -> int:
        """The epoch it owns, 0 if it owns none."""

    @property
    def log(self) -> Log: ...

    @property
    def released(self) -> int:
        """Index of the last released frame."""

    def header(self) -> bytes:
        """The SEGMENT record of the first segment."""

    def heard(self, follower: str, message: FromFollower) -> None: ...


def index_of(log: Log, position: int, chain: bytes) -> int | None:
    """The frame after which the log stands at this position with this chain."""
    if position == 0 and not any(chain):
        return 0
    for index in log.frames_at(position):
        if log.chain_at(index) == chain:
            return index
    return None


class LineServer:
    """Listens for followers and readers. `follower`: the name of the one core that may follow."""

    def __init__(self, core: FollowedCore, follower: str, clock_ns: Callable[[], int]) -> None:
        self.core = core
        self.follower_name = follower
        self.clock_ns = clock_ns
        self.follower: Line | None = None
        self.lines: set[Line] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Line(self), host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in list(self.lines):
            line.transport.abort()

    def replicate(self, message: Replicate) -> None:
        """The node's word for its follower; what this connection was sent already is not sent again."""
        line = self.follower
        if line is None:
            return
        if line.transport.get_write_buffer_size() > FOLLOWER_BYTES_MAX:
            line.transport.abort()
            return
        upto = message.after_index + len(message.frames)
        if message.after_index <= line.sent < upto:
            line.send_frames(message.frames[line.sent - message.after_index :])
        elif not message.frames:
            line.quiet()

    def released(self) -> None:
        """Something was released: readers that have room get it."""
        for line in self.lines:
            if line.role is Role.READER:
                line.pump()

    def beat(self) -> None:
        for line in self.lines:
            if line.role is Role.READER:
                line.quiet()


class Line(asyncio.Protocol):
    """One connection. `sent`: index of the last frame that was sent on it."""

    transport: asyncio.Transport

    def __init__(self, server: LineServer) -> None:
        self._server = server
        self._framer = Framer(payload_bytes_max=4_096)
        self.role: Role | None = None
        self.sent = 0
        self._is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        transport = self.transport
        transport.set_write_buffer_limits(high=HELD_BYTES_MAX, low=HELD_BYTES_MAX // 4)
        self._server.lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.lines.discard(self)
        if self._server.follower is self:
            self._server.follower = None

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self.role is Role.READER:
            self.pump()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._framer.feed(data):
                self._heard(message)
        except BadMessage as error:
            self._refuse(str(error))

    def send_frames(self, frames: Iterable[Frame]) -> None:
        """Whole frames, as they lie in the journal."""
        parts: list[bytes] = []
        for frame in frames:
            if isinstance(frame, Block):
                parts.append(flat(frame.records).tobytes())
            parts.append(frame.seal)
            last = frame.last
            self.sent += 1
        if parts:
            size = sum(map(len, parts))
            self.transport.writelines([head(Op.FRAMES, size, last, self._server.clock_ns()), *parts])

    def quiet(self) -> None:
        position = self._server.core.log.position_at(self.sent)
        self.transport.write(head(Op.QUIET, 0, position, self._server.clock_ns()))

    def pump(self) -> None:
        """A reader: what is released, as long as there is room."""
        core = self._server.core
        while not self._is_full and self.sent < core.released:
            upto = min(core.released, core.log.upto_records(self.sent, FRAMES_A_MESSAGE, RECORDS_A_MESSAGE))
            self.send_frames(core.log.between(self.sent, upto))

    # --- what is heard ----------------------------------------------------------------------------------------

    def _heard(self, message: Message) -> None:
        if self.role is None and message.op == Op.FOLLOW and len(message.payload) == 32:
            self._follow(message)
        elif self.role is Role.FOLLOWER and message.op == Op.SYNCED:
            self._synced(message)
        elif self.role is Role.FOLLOWER and message.op == Op.REFUSED:
            self._refused(message)
        else:
            self._refuse(f"op {message.op} is not expected here")

    def _follow(self, message: Message) -> None:
        core, server = self._server.core, self._server
        if not core.epoch:
            self.transport.close()  # not a word: it may own the market in a moment, or never
            return
        if message.b > core.epoch:
            self._refuse(f"epoch {core.epoch} is over, {message.b} has begun", later=message.b)
            return
        if message.c == Role.FOLLOWER and not server.follower_name:
            self._refuse("this core has no follower")
            return
        index = index_of(core.log, message.a, message.payload)
        if index is None:
            self._refuse(f"position {message.a} with this chain is not in the journal")
            return
        if message.c == Role.READER and index > core.released:
            self._refuse(f"position {message.a} is not released")
            return
        self.role, self.sent = Role(min(message.c, 1)), index
        self.transport.write(head(Op.HEADER, 64, 0, server.clock_ns()) + core.header())
        if self.role is Role.READER:
            self.pump()
            return
        if server.follower is not None:
            server.follower.transport.abort()
        server.follower = self
        core.heard(server.follower_name, Behind(core.epoch, index))

    def _synced(self, message: Message) -> None:
        core = self._server.core
        index = core.log.last_frame_at(message.a, message.b)
        chain = core.log.chain_at(index) if index <= self.sent else None
        if chain is not None and core.epoch:
            core.heard(self._server.follower_name, Ack(core.epoch, index, chain, bool(message.c)))

    def _refused(self, message: Message) -> None:
        """Our epoch is over if it has promised a higher one; else it does not hold our journal, and goes."""
        core, promised = self._server.core, message.b
        if core.epoch and promised > core.epoch:
            core.heard(self._server.follower_name, Refused(core.epoch, promised))
        self.transport.close()

    def _refuse(self, why: str, *, later: int = 0) -> None:
        """`later`: an epoch above this core's, known from the other end; then this core owns no market any more."""
        text = why.encode()
        self.transport.write(head(Op.REFUSED, len(text), 0, later, bool(later)) + text)
        self.transport.close()
