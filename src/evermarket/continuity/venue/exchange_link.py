"""The exchange's own session, line 0: commands of every kind, sent once and never again by itself.

Line 0 has no client order ids, so nothing here resends: whoever uses it reads the journal first (docs/sessions.md).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from evermarket.client.proof import address_bytes, proof_of
from evermarket.records import HEADER, RECORD_BYTES, Records
from evermarket.records.session import CHALLENGE, Resume, SessionKind, session_record
from evermarket.venue.identity.tickets import ticket_for

LINE: Final = 0
RETRY_S: Final = 0.01
BEAT_S: Final = 0.3
ANSWER_S: Final = 1.0
READ_BYTES: Final = 1 << 20


class ExchangeLink:
    """Finds the owner among `doors` and keeps a session there. `number` grows with each log-on; 0: none yet."""

    def __init__(self, doors: Sequence[tuple[str, int]], trading_day: int, secret: bytes) -> None:
        self.number = 0
        self._doors = doors
        self._trading_day = trading_day
        self._secret = secret
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    def send(self, commands: Records) -> None:
        """Commands of line 0, runs whole. Errors: ConnectionError if no session is open."""
        if self._writer is None:
            raise ConnectionError("no core listens")
        self._writer.write(commands.tobytes())

    async def run(self) -> None:
        """Keep a session, for ever."""
        at = 0
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.IncompleteReadError):
                await self._session(*self._doors[at % len(self._doors)])
            self._writer = None
            at += 1
            await asyncio.sleep(RETRY_S)

    async def _session(self, host: str, port: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        beating: asyncio.Task[None] | None = None
        try:
            challenge = await self._record(reader)
            if challenge["kind"][0] != SessionKind.CHALLENGE:
                return
            local = writer.get_extra_info("sockname")[0]
            log_on = session_record(SessionKind.LOG_ON, line=LINE, resume=Resume.QUICK, trading_day=self._trading_day)
            ticket = ticket_for(self._secret, LINE, self._trading_day, address_bytes(local))
            nonce = challenge.view(CHALLENGE)["nonce"][0].tobytes()
            log_on["proof"] = np.void(proof_of(ticket, nonce, log_on))
            writer.write(log_on.tobytes())
            if (await self._record(reader))["kind"][0] != SessionKind.LOGGED_ON:
                return
            self.number += 1
            self._writer = writer
            beating = asyncio.create_task(self._beat(writer))
            while await self._heard(reader):
                pass
        finally:
            if beating is not None:
                beating.cancel()
            writer.transport.abort()

    async def _record(self, reader: asyncio.StreamReader) -> Records:
        async with asyncio.timeout(ANSWER_S):
            return np.frombuffer(await reader.readexactly(RECORD_BYTES), HEADER)

    async def _heard(self, reader: asyncio.StreamReader) -> bytes:
        """What the core says is in the stream, too; that it says something is what counts."""
        async with asyncio.timeout(10 * BEAT_S):
            return await reader.read(READ_BYTES)

    async def _beat(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            writer.write(session_record(SessionKind.HEARTBEAT).tobytes())
