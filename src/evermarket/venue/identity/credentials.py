"""Members made up for a test, a drill or a demonstration: random passwords, and what each of them needs to log on."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from argon2 import PasswordHasher

from evermarket.venue.identity.accounts import Account, write_accounts

PASSWORD_BYTES: Final = 18
LINES_A_BROKER: Final = 4


class Credentials(msgspec.Struct, frozen=True):
    """What a member keeps to itself. `identity_url` and `doors` are where it goes with it."""

    line: int
    broker: str
    password: str
    identity_url: str = ""


def make_credentials(count: int, identity_url: str = "", lines_a_broker: int = LINES_A_BROKER) -> list[Credentials]:
    """Lines 1 to `count`, each with a password of its own."""
    return credentials_of(
        {line: f"B{1 + (line - 1) // lines_a_broker:03d}" for line in range(1, count + 1)}, identity_url
    )


def credentials_of(brokers: Mapping[int, str], identity_url: str = "") -> list[Credentials]:
    """A password for each of these lines; the broker's id by line."""
    return [
        Credentials(line, broker, secrets.token_urlsafe(PASSWORD_BYTES), identity_url)
        for line, broker in brokers.items()
    ]


def accounts_of(
    credentials: Iterable[Credentials], hasher: PasswordHasher | None = None, address: str = ""
) -> list[Account]:
    """The accounts that these credentials open, bound to an address if one is given."""
    maker = hasher or PasswordHasher()
    return [
        Account(line=one.line, broker=one.broker, password_hash=maker.hash(one.password), address=address)
        for one in credentials
    ]


def write_members(folder: Path, count: int, identity_url: str = "", hasher: PasswordHasher | None = None) -> Path:
    """`count` members: `accounts.json` for the service, `member-00001.json` and so on for each of them, mode 0600.

    Returns the path of the accounts.
    """
    return write_credentials(folder, make_credentials(count, identity_url), hasher)


def write_credentials(folder: Path, members: list[Credentials], hasher: PasswordHasher | None = None) -> Path:
    """These members' files and accounts, as `write_members`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in members:
        path = folder / f"member-{one.line:05d}.json"
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(one)) + b"\n")
    write_accounts(folder / "accounts.json", accounts_of(members, hasher))
    return folder / "accounts.json"
