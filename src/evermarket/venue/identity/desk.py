"""The decision on one request for a ticket. One word for all that may be wrong: line, broker, password, address."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evermarket.client.proof import address_bytes
from evermarket.venue.identity.accounts import Account
from evermarket.venue.identity.attempts import Attempts
from evermarket.venue.identity.passwords import Busy, PasswordChecker
from evermarket.venue.identity.tickets import ticket_for


class TicketRefusal(StrEnum):
    """Why no ticket was given."""

    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    BUSY = "BUSY"


@dataclass(frozen=True, slots=True)
class TicketRefused(Exception):  # noqa: N818 - a refusal is told to a member, with its word
    """No ticket; `retry_ns` when it makes sense to ask again (0: only with other credentials)."""

    code: TicketRefusal
    retry_ns: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Gives out the tickets of one trading day."""

    trading_day: int
    secret: bytes = field(repr=False)
    accounts: Mapping[int, Account] = field(repr=False)
    checker: PasswordChecker
    attempts: Attempts = field(default_factory=Attempts)
    clock_ns: Callable[[], int] = time.monotonic_ns

    async def ticket(self, line: int, broker: str, password: str, source: str) -> bytes:
        """The day ticket of a line for the address that asks. Raises TicketRefused."""
        address = address_bytes(source)
        wait_ns = self.attempts.wait_ns(self.clock_ns(), line, address)
        if wait_ns:
            raise TicketRefused(TicketRefusal.TOO_MANY_ATTEMPTS, wait_ns)
        self.attempts.count(self.clock_ns(), line, address)
        account = self.accounts.get(line)
        is_known = account is not None and account.is_enabled and account.broker == broker
        is_known = is_known and _may_come_from(account, address)
        password_hash = account.password_hash if is_known and account is not None else None
        try:
            is_right = await self.checker.is_right(password_hash, password)
        except Busy as busy:
            self.attempts.forgive(line, address)
            raise TicketRefused(TicketRefusal.BUSY, 1_000_000_000) from busy
        if not is_right:
            raise TicketRefused(TicketRefusal.BAD_CREDENTIALS)
        self.attempts.forgive(line, address)
        return ticket_for(self.secret, line, self.trading_day, address)


def _may_come_from(account: Account | None, address: bytes) -> bool:
    return account is not None and (not account.address or address_bytes(account.address) == address)
