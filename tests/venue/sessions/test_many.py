"""Two thousand members at one door: all stay, all come back at once after a switch."""

import asyncio
import resource

import numpy as np

from evermarket.client.framer import Framer
from evermarket.client.proof import proof_of
from evermarket.records import Records
from evermarket.records.session import CHALLENGE, LOG_ON, LOGGED_ON, Resume, SessionKind, session_record
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.protocol.events import Drained, Gone, Opened, Said
from evermarket.venue.sessions import Acceptor
from tests.venue.sessions.machine import PATIENT, SECRET, welcome
from tests.venue.wire import HERE, HOST

MEMBERS = 2_000


class Nothing:
    """A core behind the door that lets everybody in and only remembers who is there."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.door = Acceptor(PATIENT, self)

    def step(self, event: Opened | Said | Drained | Gone) -> None:
        if isinstance(event, Opened):
            self.lines[event.connection] = event.line
            self.door.tell(event.connection, welcome(event))
        elif isinstance(event, Gone):
            del self.lines[event.connection]
        else:
            raise AssertionError(f"nobody here makes a {event}")

    def heartbeat(self, connection: str) -> Records | None:
        raise AssertionError(f"{connection} needs none: sixty seconds have not passed")


class Idle(asyncio.Protocol):
    """A member that logs on and then only keeps the line alive."""

    transport: asyncio.Transport

    def __init__(self, line: int) -> None:
        self.line = line
        self.logged_on: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.last = 0
        self._framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for row in self._framer.whole(data).view(CHALLENGE):
            self.last = int(row["kind"])
            if self.last == SessionKind.CHALLENGE:
                self.transport.write(self._log_on(row["nonce"].tobytes()).tobytes())
            elif self.last == SessionKind.LOGGED_ON:
                self.logged_on.set_result(int(row.view(LOGGED_ON)["line"]))
            elif self.last == SessionKind.HEARTBEAT:
                self.transport.write(session_record(SessionKind.HEARTBEAT).tobytes())

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(self.last)
        if not self.logged_on.done():
            self.logged_on.set_result(0)

    def _log_on(self, nonce: bytes) -> Records:
        row = session_record(SessionKind.LOG_ON, line=self.line, resume=Resume.RESUME, trading_day=PATIENT.trading_day)
        ticket = ticket_for(SECRET, self.line, PATIENT.trading_day, HERE)
        row["proof"] = np.void(proof_of(ticket, nonce, row))
        assert row.dtype == LOG_ON
        return row


async def all_on(port: int) -> list[Idle]:
    """Every member logs on at the same moment."""
    loop = asyncio.get_running_loop()
    calls = [loop.create_connection(lambda line=line: Idle(line), HOST, port) for line in range(1, MEMBERS + 1)]
    members = [protocol for _, protocol in await asyncio.gather(*calls)]
    lines = await asyncio.gather(*(member.logged_on for member in members))
    assert lines == list(range(1, MEMBERS + 1))
    return members


def test_two_thousand_members_stay_and_come_back_at_once() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MEMBERS + 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))

    async def stormed() -> None:
        first, second = Nothing(), Nothing()
        door, other = first.door, second.door
        port, other_port = await door.open(HOST, 0), await other.open(HOST, 0)
        members = await all_on(port)
        assert sorted(first.lines.values()) == list(range(1, MEMBERS + 1))
        door.supersede(4)
        again = await all_on(other_port)
        lasts = await asyncio.gather(*(member.ended for member in members))
        assert set(lasts) == {SessionKind.FENCED}
        assert len(door) == 0
        assert sorted(second.lines.values()) == list(range(1, MEMBERS + 1))
        await asyncio.gather(door.close(), other.close())
        assert set(await asyncio.gather(*(member.ended for member in again))) == {SessionKind.LOG_OFF}
        assert LOGGED_ON.itemsize == 64

    try:
        asyncio.run(stormed())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
