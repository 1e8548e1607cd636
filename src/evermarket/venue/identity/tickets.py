"""Day tickets: nobody stores them, whoever holds the day's secret makes them again (docs/sessions.md, Tickets)."""

import hmac
from typing import Final

TICKET_LABEL: Final = b"EVERMARKET TICKET"
SECRET_BYTES: Final = 32


def ticket_for(secret: bytes, line: int, trading_day: int, address: bytes) -> bytes:
    """The 32 bytes that a line shows on one day from one address (16 bytes, IPv4 as ::ffff:a.b.c.d)."""
    if len(secret) != SECRET_BYTES or len(address) != 16:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes and an address 16, not {len(secret)} and {len(address)}")
    facts = line.to_bytes(2, "little") + trading_day.to_bytes(4, "little") + address
    return hmac.digest(secret, TICKET_LABEL + facts, "sha256")
