"""TLS before a door: the address behind the relay counts, what is slow stays slow, an end is an end on both sides."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evermarket.client.proof import address_bytes
from evermarket.records import Kind
from evermarket.records.kinds import Side
from evermarket.records.session import Parting, SessionKind, session_record
from evermarket.venue.relay import Relay
from tests.venue.exchange import Exchange
from tests.venue.relay.authority import Authority
from tests.venue.sessions.machine import PATIENT
from tests.venue.sessions.test_door import flow_bytes, new
from tests.venue.wire import HOST, Wire

RELAY_HOST = "127.0.0.9"
BEHIND = replace(PATIENT, relays=frozenset({address_bytes(RELAY_HOST)}))


@pytest.fixture(scope="module", autouse=True)
def _compiled(kernels: None) -> None:
    """See `kernels` in tests/conftest.py."""


class SecureWire(Wire):
    """A member that speaks TLS."""

    def __init__(self, port: int, trust: ssl.SSLContext) -> None:
        super().__init__(port)
        self._trust = trust

    async def __aenter__(self) -> "SecureWire":
        self.reader, self.writer = await asyncio.open_connection(*self._to, ssl=self._trust)
        return self


def relayed(
    folder: Path, scenario: Callable[[Exchange, Relay, Callable[[], SecureWire]], Awaitable[None]], **changes: int
) -> None:
    authority = Authority(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.certificate, authority.key)
    trust = ssl.create_default_context(cafile=str(authority.ca))
    exchange = Exchange(BEHIND)

    async def run() -> None:
        door = await exchange.door.open(HOST, 0)
        relay = Relay((HOST, door), tls, RELAY_HOST, **changes)
        port = await relay.open(HOST, 0)
        await scenario(exchange, relay, lambda: SecureWire(port, trust))
        await relay.close()
        await exchange.door.close()
        assert len(relay) == 0

    asyncio.run(run())
    assert len(exchange.door) == 0


def test_a_member_trades_through_tls_under_its_own_address(tmp_path: Path) -> None:
    async def traded(exchange: Exchange, relay: Relay, member_wire: Callable[[], SecureWire]) -> None:
        async with member_wire() as member:
            assert (await member.log_on(1))[0]["kind"] == SessionKind.LOGGED_ON
            member.say(*(new(n, 1, Side.BUY) for n in range(1, 1_001)))
            assert set((await member.hear(1_000))["kind"].tolist()) == {Kind.ACCEPTED}
            member.say(session_record(SessionKind.LOG_OFF, code=Parting.MEMBER))
            assert (await member.rest())["code"].tolist() == [Parting.MEMBER]
        async with member_wire() as member:
            answer = await member.log_on(1, address=address_bytes(RELAY_HOST))
            assert (answer[0]["kind"], answer[0]["code"]) == (SessionKind.LOG_OFF, Parting.BAD_TICKET)
            assert len(await member.rest()) == 0

    relayed(tmp_path, traded)


def test_a_member_that_breaks_off_frees_its_line(tmp_path: Path) -> None:
    async def broken(exchange: Exchange, relay: Relay, member_wire: Callable[[], SecureWire]) -> None:
        async with member_wire() as member:
            await member.log_on(1)
            member.writer.transport.abort()
        while len(relay) or exchange.readers:
            await asyncio.sleep(0)

    relayed(tmp_path, broken)


def test_a_slow_reader_behind_the_relay_is_slow_at_the_door(tmp_path: Path) -> None:
    async def slow(exchange: Exchange, relay: Relay, member_wire: Callable[[], SecureWire]) -> None:
        async with member_wire() as member:
            await member.log_on(1)
            connection = exchange.connection_of(1)
            member.reader._transport.pause_reading()  # type: ignore[attr-defined]
            while exchange.connection_of(1):
                exchange.door.tell(connection, flow_bytes(4_096))
                await asyncio.sleep(0)
            member.writer.transport.abort()

    relayed(tmp_path, slow)


def test_who_does_not_speak_tls_or_comes_too_many_is_not_let_in(tmp_path: Path) -> None:
    async def refused(exchange: Exchange, relay: Relay, member_wire: Callable[[], SecureWire]) -> None:
        async with member_wire() as member:
            await member.log_on(1)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError, ssl.SSLError)):
                async with member_wire() as other:
                    await other.hear()
            member.say(new(1, 1, Side.BUY))
            assert (await member.hear())[0]["kind"] == Kind.ACCEPTED

    relayed(tmp_path, refused, connections_max=1)


def test_a_relay_whose_door_is_shut_hangs_up(tmp_path: Path) -> None:
    async def shut(exchange: Exchange, relay: Relay, member_wire: Callable[[], SecureWire]) -> None:
        await exchange.door.close()
        async with member_wire() as member:
            assert len(await member.rest()) == 0

    relayed(tmp_path, shut)
