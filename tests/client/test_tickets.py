"""From password to trade: the ticket over TLS, the proof, the relay in front of the door."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from evermarket.client import Client, Order, Refused, Retryable, fetch_ticket
from evermarket.client.line import address_of
from evermarket.client.proof import address_bytes, proof_of
from evermarket.records.session import SessionKind, session_record
from evermarket.venue.identity.accounts import Account
from evermarket.venue.identity.desk import Desk
from evermarket.venue.identity.passwords import PasswordChecker
from evermarket.venue.identity.service import DoorAddress, make_app
from evermarket.venue.relay import Relay
from evermarket.venue.web import server
from tests.client.market import CONTRACTS
from tests.venue.exchange import Exchange
from tests.venue.relay.authority import Authority
from tests.venue.sessions.machine import PATIENT, SECRET
from tests.venue.wire import HOST

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
RELAY_HOST = "127.0.0.9"


def test_a_proof_is_that_of_the_page() -> None:
    """Computed apart, from the formula of docs/sessions.md."""
    log_on = session_record(SessionKind.LOG_ON, line=5, resume=2, wish=3, trading_day=20261123, proof=bytes([255]) * 32)
    log_on["position"] = 77
    assert (
        proof_of(bytes(range(32)), bytes(range(32, 64)), log_on).hex()
        == "62f3da7c6eb15a67959043b5eeb3140ef07cb2ece769e4ac11fb4d4f3df4b7bd"
    )


def test_from_password_to_trade_through_tls_all_the_way(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.certificate, authority.key)
    trust = ssl.create_default_context(cafile=str(authority.ca))
    exchange = Exchange(replace(PATIENT, relays=frozenset({address_bytes(RELAY_HOST)})))
    account = Account(line=1, broker="B001", password_hash=QUICK.hash("right"), address=HOST)
    desk = Desk(PATIENT.trading_day, SECRET, {1: account}, PasswordChecker(QUICK))

    async def run() -> None:
        relay = Relay((HOST, await exchange.door.open(HOST, 0)), tls, RELAY_HOST)
        door = DoorAddress(HOST, await relay.open(HOST, 0), True)
        identity = server(make_app(desk, [door]), HOST, 0, authority.certificate, authority.key)
        serving = asyncio.create_task(identity.serve())
        while not identity.started:
            await asyncio.sleep(0)
        url = f"https://{HOST}:{identity.servers[0].sockets[0].getsockname()[1]}"
        async with Client(CONTRACTS, tls=trust) as client:
            with pytest.raises(Refused) as no:
                await client.login(url, 1, "B001", "wrong", ca=authority.ca)
            assert no.value.code == "BAD_CREDENTIALS"
            await client.login(url, 1, "B001", "right", ca=authority.ca)
            assert client.line.doors == (f"tls://{HOST}:{door.port}",)
            trade = await client.place_order(client.contract("2330"), Order("100", lots=1, side="Buy"))
            assert trade.order_no == 1
        for _ in range(4):
            with pytest.raises(Refused):
                await asyncio.to_thread(fetch_ticket, url, 1, "B001", "wrong", authority.ca)
        with pytest.raises(Refused):
            await asyncio.to_thread(fetch_ticket, url, 1, "B001", "wrong", authority.ca)
        with pytest.raises(Retryable) as late:
            await asyncio.to_thread(fetch_ticket, url, 1, "B001", "right", authority.ca)
        assert late.value.code == "TOO_MANY_ATTEMPTS"
        assert 0 < late.value.retry_ns <= 60_000_000_000
        identity.should_exit = True
        await serving
        await relay.close()
        await exchange.door.close()

    asyncio.run(run())


def test_a_password_is_not_sent_in_the_clear_and_an_absent_service_can_be_tried_again() -> None:
    with pytest.raises(ValueError, match="not https://"):
        fetch_ticket("http://exchange.example", 1, "B001", "secret")
    with pytest.raises(Retryable, match="NOT_REACHED"):
        fetch_ticket(f"http://{HOST}:1", 1, "B001", "secret")


@pytest.mark.parametrize(
    ("door", "found"),
    [
        ("10.0.0.1:7001", ("10.0.0.1", 7001, False)),
        ("tls://core.example:7", ("core.example", 7, True)),
        ("[::1]:9", ("::1", 9, False)),
    ],
)
def test_doors_are_read(door: str, found: tuple[str, int, bool]) -> None:
    assert address_of(door) == found


@pytest.mark.parametrize("door", ["", "7001", "host:", ":7", "host:port"])
def test_a_door_that_is_none_is_refused(door: str) -> None:
    with pytest.raises(ValueError, match="not host:port"):
        address_of(door)
