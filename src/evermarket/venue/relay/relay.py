"""A relay for TLS in front of a door: the member's bytes go on after one RELAYED record, the core's come back.

Invariants: nothing is looked at or kept; what one side does not read, the other side soon cannot send (so the door sees
a slow member as slow); when one side ends, what was read from it still goes out, then the other side ends too.
"""

import asyncio
import contextlib
import ssl
from typing import Final

from evermarket.client.proof import address_bytes
from evermarket.records.session import SessionKind, session_record

CONNECTIONS_MAX: Final = 10_000
BACKLOG: Final = 4_096
BUFFER_BYTES: Final = 256 * 1024
"""What may wait on each side before the other is not read any more."""

HANDSHAKE_S: Final = 5.0
LINGER_S: Final = 5.0


class Relay:
    """Listens with TLS and speaks plainly to one door, from the address `local`, which the door has to know."""

    def __init__(
        self,
        door: tuple[str, int],
        tls: ssl.SSLContext,
        local: str | None = None,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        self.door = door
        self.tls = tls
        self.local = local
        self.connections_max = connections_max
        self._members: set[Member] = set()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Members connected now."""
        return len(self._members)

    async def open(self, host: str, port: int) -> int:
        """Listen; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Member(self),
            host,
            port,
            ssl=self.tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=LINGER_S,
        )
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """End every connection and listen no more."""
        if self._server is not None:
            self._server.close()
            for member in list(self._members):
                member.end()
            await self._empty.wait()
            await self._server.wait_closed()
            self._server = None

    def enter(self, member: "Member") -> bool:
        """Whether there is room for one more."""
        if len(self._members) >= self.connections_max:
            return False
        self._members.add(member)
        self._empty.clear()
        return True

    def leave(self, member: "Member") -> None:
        self._members.discard(member)
        if not self._members:
            self._empty.set()


class Side(asyncio.Protocol):
    """One of the two connections; `other` is where its bytes go."""

    transport: asyncio.Transport | None = None
    other: "Side | None" = None

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """This side does not read: stop reading the other one."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.other is not None:
            self.other.end()

    def end(self) -> None:
        """Let out what waits, for a bounded time, and close."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
            asyncio.get_running_loop().call_later(LINGER_S, self.transport.abort)


class Member(Side):
    """The member's side: once it is there, the door is called."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._calling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self._relay.enter(self):
            transport.abort()
            return
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        transport.pause_reading()
        self._calling = asyncio.get_running_loop().create_task(self._call())

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._relay.leave(self)
        if self._calling is not None:
            self._calling.cancel()

    async def _call(self) -> None:
        assert self.transport is not None
        host, port = (self.transport.get_extra_info("peername") or ("::", 0))[:2]
        local = (self._relay.local, 0) if self._relay.local else None
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: DoorSide(self, host, port), *self._relay.door, local_addr=local
            )
        except OSError:
            self.end()
            return
        if self.transport is not None:
            with contextlib.suppress(RuntimeError):
                self.transport.resume_reading()


class DoorSide(Side):
    """The door's side; the first thing it says is who is behind the relay."""

    def __init__(self, member: Member, host: str, port: int) -> None:
        self.other = member
        self._behind = session_record(SessionKind.RELAYED, port=port, address=address_bytes(host))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        transport.write(self._behind.tobytes())
        if self.other is not None:
            self.other.other = self
            if self.other.transport is None:
                self.end()
