"""A member with nothing but a socket: what any client of any make would see of a door."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from evermarket.client.proof import address_bytes
from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.records.session import CHALLENGE, LOGGED_ON, Resume, SessionKind
from tests.venue.sessions.machine import SECRET, log_on

PATIENCE_S = 60
"""No test waits for it: it only ends one that hangs."""

HOST = "127.0.0.1"
HERE = address_bytes(HOST)


class Wire:
    """One connection, records in and out."""

    def __init__(self, port: int, host: str = HOST, local: str = HOST) -> None:
        self._to = (host, port)
        self._local = local

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(*self._to, local_addr=(self._local, 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.writer.close()

    def say(self, *records: Records | bytes) -> None:
        self.writer.write(b"".join(r if isinstance(r, bytes) else r.tobytes() for r in records))

    async def hear(self, count: int = 1) -> Records:
        """The next records, heartbeats left out."""
        found = b""
        while len(found) < count * RECORD_BYTES:
            async with asyncio.timeout(PATIENCE_S):
                record = await self.reader.readexactly(RECORD_BYTES)
            if record[16] != SessionKind.HEARTBEAT:
                found += record
        return np.frombuffer(found, HEADER)

    async def hear_until(self, enough: Callable[[Records], bool]) -> Records:
        """Records up to and with the first one that is enough."""
        found = []
        while True:
            found.append(await self.hear())
            if enough(found[-1]):
                return np.concatenate([row.view("V64") for row in found]).view(HEADER)

    async def rest(self) -> Records:
        """Everything up to the end of the connection."""
        data = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while part := await self.reader.read(2**20):
                    data += part
        return np.frombuffer(data[: len(data) - len(data) % RECORD_BYTES], HEADER)

    async def log_on(
        self,
        line: int,
        resume: Resume = Resume.RESUME,
        position: int = 0,
        wish: int = 0,
        address: bytes = HERE,
        secret: bytes = SECRET,
    ) -> Records:
        """The answer to a log-on: LOGGED_ON, seen as such, or something else."""
        challenge = (await self.hear()).view(CHALLENGE)[0]
        assert challenge["kind"] == SessionKind.CHALLENGE
        nonce = challenge["nonce"].tobytes()
        self.say(log_on(line, resume=resume, position=position, wish=wish, address=address, nonce=nonce, secret=secret))
        return (await self.hear()).view(LOGGED_ON)
