"""Who may speak for a line: one account a line, its password only as an argon2id hash.

The file is JSON, a list of accounts; it is read once, and whoever changes it starts the service again.
"""

import os
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import msgspec

from evermarket.records.units import LINE_MAX

BROKER_LENGTH_MAX: Final = 16


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line, the broker it belongs to, and from which address it may come (empty: from any)."""

    line: int
    broker: str
    password_hash: str
    address: str = ""
    is_enabled: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.line <= LINE_MAX:
            raise ValueError(f"line {self.line} is not between 1 and {LINE_MAX}")
        if not 1 <= len(self.broker) <= BROKER_LENGTH_MAX:
            raise ValueError(f"broker id {self.broker!r} has not 1 to {BROKER_LENGTH_MAX} characters")
        if self.address:
            ip_address(self.address)


def read_accounts(path: Path) -> dict[int, Account]:
    """Accounts by line. Raises ValueError that names the file and what is wrong in it."""
    try:
        accounts = msgspec.json.decode(path.read_bytes(), type=list[Account])
    except msgspec.MsgspecError as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong
    by_line = {account.line: account for account in accounts}
    if len(by_line) < len(accounts):
        lines = [account.line for account in accounts]
        twice = sorted({line for line in lines if lines.count(line) > 1})
        raise ValueError(f"{path}: more than one account for line {', '.join(map(str, twice))}")
    return by_line


def write_accounts(path: Path, accounts: Iterable[Account]) -> None:
    """Replace the file whole; only its owner can read it."""
    draft = path.with_name(path.name + ".tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(list(accounts)), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
