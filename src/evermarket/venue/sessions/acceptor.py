"""A door: thousands of connections on one asyncio loop, each a `Session`; clocks, sockets and nonces live here.

What a core gives back goes out in one write a call. Bounds: so many connections, so many bytes waiting for a member
(then it is SLOW), so long for a last write. Old flows are handed over piece by piece: Drained says when.
"""

import asyncio
import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol, cast

from evermarket.client.proof import address_bytes
from evermarket.records import Records
from evermarket.records.session import Parting, SessionKind, session_record
from evermarket.records.units import SECOND_NS
from evermarket.venue.protocol.events import Drained, Gone, Opened, Said
from evermarket.venue.sessions.actions import Action, Close, HeartbeatDue, Send
from evermarket.venue.sessions.events import (
    Arrived,
    Beat,
    Closing,
    Connected,
    Dismissed,
    Ended,
    Event,
    Superseded,
    Told,
    Waiting,
)
from evermarket.venue.sessions.rate import Bucket
from evermarket.venue.sessions.session import Session, State
from evermarket.venue.sessions.terms import REPLAY_BYTES, Terms

CONNECTIONS_MAX: Final = 10_000
BACKLOG: Final = 4_096
_LINGER_S: Final = 5.0
_SWEEPS_A_BEAT: Final = 4
_SWEEP_MAX_S: Final = 0.25
STALL_NS: Final = SECOND_NS // 4


class Behind(Protocol):
    """The core's side of a door. Every call comes from the loop's thread and must not block."""

    def step(self, event: Opened | Said | Drained | Gone) -> None:
        """Answered by `Acceptor.tell` and `Acceptor.dismiss`: at once, or when it is time."""

    def heartbeat(self, connection: str) -> Records | None:
        """What the core's HEARTBEAT says on a connection; None if it knows of no session there."""


class Acceptor:
    """Connections to one core. Example: `door = Acceptor(terms, core); await door.open("127.0.0.1", 7001)`."""

    def __init__(
        self,
        terms: Terms,
        behind: Behind,
        connections_max: int = CONNECTIONS_MAX,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        nonce: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.terms = terms
        self.behind = behind
        self.clock_ns = clock_ns
        self.real_ns = time.time_ns() - clock_ns()
        self.nonce = nonce
        self.buckets: dict[int, Bucket] = {}
        self.connections_max = connections_max
        self._links: dict[str, Link] = {}
        self._last_connection = 0
        self._servers: list[asyncio.Server] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._sweep_due_ns = 0
        self._has_stalled = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Connections that are open now, logged on or not."""
        return len(self._links)

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port (the one chosen, where 0 was asked for)."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Link(self), host, port, backlog=BACKLOG, ssl=tls)
        self._servers.append(server)
        if self._sweep is None:
            self._sweep_later()
        found: int = server.sockets[0].getsockname()[1]
        return found

    def tell(self, connection: str, records: Records, *, more: bool = False) -> None:
        """Send records of the flow, or answers, to a connection, unless it has gone. `more`: Drained comes in time."""
        link = self._links.get(connection)
        if link is not None:
            link.step(Told(self.clock_ns(), records, more))

    def dismiss(self, connection: str) -> None:
        """End a connection behind what it was told."""
        link = self._links.get(connection)
        if link is not None:
            link.step(Dismissed())

    def sessions(self) -> list[Session]:
        """Those that are logged on."""
        return [link.session for link in self._links.values() if link.session.state is State.OPEN]

    def supersede(self, epoch: int) -> None:
        """This core has lost the seat: every session is told FENCED and ends, and so does whoever comes from now on."""
        self.terms = replace(self.terms, is_owner=False, epoch=epoch)
        self.step_all(Superseded(epoch))

    async def close(self) -> None:
        """End every session in good order (LOG_OFF, CLOSING) and listen no more."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for server in self._servers:
            server.close()
        self.step_all(Closing())
        await self._empty.wait()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    def step_all(self, event: Event) -> None:
        """One event for every connection."""
        for link in list(self._links.values()):
            link.step(event)

    # --- what links ask for ---------------------------------------------------------------------------------------

    def enter(self, link: "Link") -> str:
        """A name for a new connection, never used again; none if there are too many."""
        if len(self._links) >= self.connections_max:
            return ""
        self._last_connection += 1
        name = str(self._last_connection)
        self._links[name] = link
        self._empty.clear()
        return name

    def leave(self, connection: str) -> None:
        self._links.pop(connection, None)
        if not self._links:
            self._empty.set()

    def _sweep_later(self) -> None:
        delay_s = min(_SWEEP_MAX_S, self.terms.heartbeat_ms / 1_000 / _SWEEPS_A_BEAT)
        self._sweep = asyncio.get_running_loop().call_later(delay_s, self._sweep_all)
        self._sweep_due_ns = self.clock_ns() + int(delay_s * SECOND_NS)

    def _sweep_all(self) -> None:
        """Who stood still, the members or this loop? After a stall one sweep waits, so that what they sent is read."""
        now_ns = self.clock_ns()
        is_late = now_ns - self._sweep_due_ns > STALL_NS
        self._has_stalled = is_late and not self._has_stalled
        if self._has_stalled:
            self._sweep_later()
            return
        due = [link for link in self._links.values() if link.session.due_ns <= now_ns]
        for link in due:
            link.step(Beat(now_ns))
        self._sweep_later()


class Link(asyncio.Protocol):
    """One connection of a door. What is done on its behalf may step it again: that waits its turn."""

    transport: asyncio.Transport
    session: Session

    def __init__(self, door: Acceptor) -> None:
        self._door = door
        self._connection = ""
        self._to_do: deque[Action] = deque()
        self._is_busy = self._is_full = self._is_room_wanted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        transport = self.transport
        door = self._door
        self._connection = door.enter(self)
        if not self._connection:
            self.write(session_record(SessionKind.LOG_OFF, code=Parting.FULL))
            transport.close()
            return
        transport.set_write_buffer_limits(high=REPLAY_BYTES, low=REPLAY_BYTES // 4)
        self.session = Session(self._connection, door.terms, door.buckets)
        host = (transport.get_extra_info("peername") or ("::",))[0]
        self.step(Connected(door.clock_ns(), address_bytes(host), door.nonce(32)))

    def data_received(self, data: bytes) -> None:
        if self._connection:
            self.step(Arrived(self._door.clock_ns(), data))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection:
            self.step(Ended())
            self._door.leave(self._connection)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self._is_room_wanted:
            self._has_room()

    def step(self, event: Event) -> None:
        self._to_do.extend(self.session.step(event))
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._to_do:
                self._carry_out(self._to_do.popleft())
        finally:
            self._is_busy = False

    def write(self, records: Records) -> None:
        self.transport.write(records.tobytes())

    def _carry_out(self, action: Action) -> None:
        door = self._door
        if isinstance(action, Send):
            self._send(action)
        elif isinstance(action, Close):
            self._close(action)
        elif isinstance(action, HeartbeatDue):
            beat = door.behind.heartbeat(self._connection)
            if beat is not None:
                self.step(Told(door.clock_ns(), beat))
        else:
            door.behind.step(action)

    def _send(self, action: Send) -> None:
        self.write(action.records)
        size = self.transport.get_write_buffer_size()
        if size > self._door.terms.waiting_max:
            self.step(Waiting(self._door.clock_ns(), size))
        if action.more:
            self._is_room_wanted = True
            if not self._is_full:
                self._has_room()

    def _has_room(self) -> None:
        self._is_room_wanted = False
        self._door.behind.step(Drained(self._connection))

    def _close(self, action: Close) -> None:
        """Half-close and read on: a socket closed with bytes unread would take the last record away from the member."""
        transport = self.transport
        if action.is_abort:
            transport.abort()
        elif not transport.is_closing():
            try:
                if transport.can_write_eof():
                    transport.write_eof()
                else:
                    transport.close()
            except OSError:  # the member has reset the connection, and the loop does not know it yet
                transport.abort()
            asyncio.get_running_loop().call_later(_LINGER_S, transport.abort)
