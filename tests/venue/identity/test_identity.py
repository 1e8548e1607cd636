"""Secrets, accounts, attempts and tickets; the service over real HTTP, with and without TLS."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from evermarket.client.proof import address_bytes, address_text
from evermarket.records.units import SECOND_NS
from evermarket.venue.identity.accounts import Account, read_accounts, write_accounts
from evermarket.venue.identity.attempts import Attempts
from evermarket.venue.identity.credentials import accounts_of, make_credentials, write_members
from evermarket.venue.identity.desk import Desk, TicketRefusal, TicketRefused
from evermarket.venue.identity.passwords import PasswordChecker
from evermarket.venue.identity.secret import day_secret, secret_path
from evermarket.venue.identity.service import DoorAddress, make_app
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.web import server
from tests.venue.relay.authority import Authority

DAY = 20261123
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
SECRET = bytes(32)


def test_a_days_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: day_secret(tmp_path / "keys", DAY), range(32)))
    assert len(found) == 1
    assert len(found.pop()) == 32
    path = secret_path(tmp_path / "keys", DAY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "keys") == [path.name]
    assert day_secret(tmp_path / "keys", DAY + 1) != day_secret(tmp_path / "keys", DAY)


def test_a_secret_that_others_can_read_or_that_is_cut_is_not_used(tmp_path: Path) -> None:
    day_secret(tmp_path, DAY)
    secret_path(tmp_path, DAY).chmod(0o640)
    with pytest.raises(PermissionError, match="0640"):
        day_secret(tmp_path, DAY)
    secret_path(tmp_path, DAY).chmod(0o600)
    secret_path(tmp_path, DAY).write_bytes(bytes(31))
    with pytest.raises(ValueError, match="31 bytes"):
        day_secret(tmp_path, DAY)


def test_a_ticket_is_that_of_the_page() -> None:
    """Computed apart, from the formula of docs/sessions.md."""
    ticket = ticket_for(bytes(range(32)), 5, DAY, address_bytes("10.0.0.7"))
    assert ticket.hex() == "11b11d0723ba6cd1980aef3da9da94648914f4a53179c5ba85beea8c4837bc5b"


@given(st.tuples(st.integers(0, 65_535), st.integers(1, 2**32 - 1), st.binary(min_size=16, max_size=16)))
def test_no_two_lines_days_or_addresses_share_a_ticket(facts: tuple[int, int, bytes]) -> None:
    line, day, address = facts
    others = {(line ^ 1, day, address), (line, day ^ 1, address), (line, day, bytes([address[0] ^ 1]) + address[1:])}
    assert ticket_for(SECRET, *facts) not in {ticket_for(SECRET, *other) for other in others}


@pytest.mark.parametrize("text", ["10.0.0.7", "::1", "2001:db8::5"])
def test_addresses_there_and_back(text: str) -> None:
    assert address_text(address_bytes(text)) == text
    assert address_bytes("::ffff:10.0.0.7") == address_bytes("10.0.0.7")


def test_accounts_are_written_and_read_whole(tmp_path: Path) -> None:
    accounts = accounts_of(make_credentials(5), QUICK, "10.0.0.7")
    write_accounts(tmp_path / "accounts.json", accounts)
    assert list(read_accounts(tmp_path / "accounts.json").values()) == accounts
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[{"line": 1, "broker": "B"}]', "password_hash"),
        ('[{"line": 0, "broker": "B", "password_hash": ""}]', "line 0"),
        ('[{"line": 1, "broker": "B", "password_hash": "", "address": "here"}]', "here"),
        ('[{"line": 1, "broker": "B", "password_hash": "", "pasword": ""}]', "pasword"),
        (
            '[{"line": 1, "broker": "B", "password_hash": ""}, {"line": 1, "broker": "C", "password_hash": ""}]',
            "line 1",
        ),
        ("[", "truncated"),
    ],
)
def test_a_wrong_file_of_accounts_says_what_is_wrong(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "accounts.json").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=what):
        read_accounts(tmp_path / "accounts.json")


def test_generated_members_can_log_on_with_their_files(tmp_path: Path) -> None:
    accounts = read_accounts(write_members(tmp_path / "members", 3, "https://identity:8443", QUICK))
    assert sorted(accounts) == [1, 2, 3]
    for line in accounts:
        path = tmp_path / "members" / f"member-{line:05d}.json"
        assert path.stat().st_mode & 0o777 == 0o600
        member = json.loads(path.read_text("utf-8"))
        assert QUICK.verify(accounts[line].password_hash, member["password"])
        assert (member["broker"], member["identity_url"]) == (accounts[line].broker, "https://identity:8443")


def test_wrong_attempts_are_counted_by_line_and_source_and_forgotten_in_time() -> None:
    attempts = Attempts(line_max=2, source_max=4, window_ns=60 * SECOND_NS)
    home, other = bytes(16), bytes([1] * 16)
    attempts.count(0, 5, home)
    assert attempts.wait_ns(1, 5, home) == 0
    attempts.count(SECOND_NS, 5, home)
    assert attempts.wait_ns(2 * SECOND_NS, 5, home) == 58 * SECOND_NS
    assert attempts.wait_ns(2 * SECOND_NS, 6, home) == 0
    assert attempts.wait_ns(2 * SECOND_NS, 5, other) == 0, "a stranger locks nobody out"
    attempts.count(2 * SECOND_NS, 6, home)
    attempts.count(2 * SECOND_NS, 7, home)
    assert attempts.wait_ns(2 * SECOND_NS, 8, home) == 58 * SECOND_NS
    attempts.forgive(5, home)
    assert attempts.wait_ns(2 * SECOND_NS, 5, home) == 0
    assert attempts.wait_ns(60 * SECOND_NS, 6, home) == 0


def test_attempts_made_at_once_are_all_counted() -> None:
    async def tried() -> list[TicketRefusal]:
        one = desk()
        asked = [one.ticket(1, MEMBER.broker, f"wrong {n}", "10.0.0.7") for n in range(12)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        return [no.code for no in found if isinstance(no, TicketRefused)]

    codes = asyncio.run(tried())
    assert codes.count(TicketRefusal.BAD_CREDENTIALS) == 5
    assert codes.count(TicketRefusal.TOO_MANY_ATTEMPTS) == 7


MEMBER = make_credentials(1)[0]


def desk(**changes: object) -> Desk:
    facts = {"line": 1, "broker": MEMBER.broker, "password_hash": QUICK.hash(MEMBER.password)} | changes
    return Desk(DAY, SECRET, {1: Account(**facts)}, PasswordChecker(QUICK))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ((2, MEMBER.broker, MEMBER.password, "::1"), {}),
        ((1, "B999", MEMBER.password, "::1"), {}),
        ((1, MEMBER.broker, "wrong", "::1"), {}),
        ((1, MEMBER.broker, MEMBER.password, "::1"), {"address": "10.0.0.7"}),
        ((1, MEMBER.broker, MEMBER.password, "::1"), {"is_enabled": False}),
        ((1, MEMBER.broker, MEMBER.password, "::1"), {"password_hash": "not a hash"}),
        ((1, MEMBER.broker, "nobody has this password", "::1"), {"is_enabled": False}),
    ],
    ids=["line", "broker", "password", "address", "disabled", "hash", "nobody"],
)
def test_one_word_for_whatever_is_wrong(asked: tuple[int, str, str, str], changes: dict[str, object]) -> None:
    with pytest.raises(TicketRefused) as no:
        asyncio.run(desk(**changes).ticket(*asked))
    assert no.value == TicketRefused(TicketRefusal.BAD_CREDENTIALS)


def test_after_five_wrong_attempts_the_right_password_waits_too() -> None:
    async def tried() -> None:
        one = desk()
        for _ in range(5):
            with pytest.raises(TicketRefused):
                await one.ticket(1, MEMBER.broker, "wrong", "10.0.0.7")
        with pytest.raises(TicketRefused) as no:
            await one.ticket(1, MEMBER.broker, MEMBER.password, "10.0.0.7")
        assert no.value.code is TicketRefusal.TOO_MANY_ATTEMPTS
        assert await one.ticket(1, MEMBER.broker, MEMBER.password, "10.0.0.8")

    asyncio.run(tried())


@asynccontextmanager
async def served(one: Desk, authority: Authority | None = None) -> AsyncIterator[str]:
    """The service on a real socket; gives its URL."""
    certificate, key = (authority.certificate, authority.key) if authority else (None, None)
    doors = [DoorAddress("127.0.0.1", 7001), DoorAddress("127.0.0.1", 7002, True)]
    running = server(make_app(one, doors), "127.0.0.1", 0, certificate, key)
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http{'s' if authority else ''}://127.0.0.1:{port}"
    running.should_exit = True
    await task


@pytest.mark.parametrize("is_tls", [False, True])
def test_the_service_gives_a_ticket_and_the_doors(tmp_path: Path, is_tls: bool) -> None:
    authority = Authority(tmp_path) if is_tls else None

    async def asked() -> httpx.Response:
        trust = ssl.create_default_context(cafile=str(authority.ca)) if authority else True
        async with served(desk(), authority) as url, httpx.AsyncClient(verify=trust) as client:
            body = {"line": 1, "broker": MEMBER.broker, "password": MEMBER.password}
            return await client.post(f"{url}/v1/tickets", json=body)

    answer = asyncio.run(asked())
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "line": 1,
        "trading_day": DAY,
        "ticket": ticket_for(SECRET, 1, DAY, address_bytes("127.0.0.1")).hex(),
        "doors": [
            {"host": "127.0.0.1", "port": 7001, "is_tls": False},
            {"host": "127.0.0.1", "port": 7002, "is_tls": True},
        ],
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"line": 1, "broker": "B001", "password": "wrong"}, 401, "BAD_CREDENTIALS"),
        ({"line": 1, "broker": "B001"}, 400, "BAD_REQUEST"),
        ({"line": "one", "broker": "B001", "password": "x"}, 400, "BAD_REQUEST"),
        ({"line": 1, "broker": "B001", "password": "x" * 5_000}, 413, "HTTP_413"),
    ],
)
def test_the_service_refuses_in_problem_json(body: dict[str, object], status: int, code: str) -> None:
    async def asked() -> httpx.Response:
        async with served(desk()) as url, httpx.AsyncClient() as client:
            return await client.post(f"{url}/v1/tickets", json=body)

    answer = asyncio.run(asked())
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)
