"""What a member shows at log-on: the proof that it holds the day's ticket (docs/sessions.md, Tickets)."""

import hmac
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from evermarket.records import Records

PROOF_LABEL: Final = b"EVERMARKET LOG-ON"
_PROOF_AT: Final = 32
_PROOF_BYTES: Final = 32


def address_bytes(address: str) -> bytes:
    """An IP address as sixteen bytes; IPv4 as ::ffff:a.b.c.d. A zone behind `%` is left out. Raises ValueError."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return b"\0" * 10 + b"\xff\xff" + found.packed
    return found.packed


def address_text(address: bytes) -> str:
    """Sixteen bytes as people write them."""
    found = IPv6Address(address)
    return str(found.ipv4_mapped or found)


def proof_of(ticket: bytes, nonce: bytes, log_on: Records) -> bytes:
    """The proof for one LOG_ON record; its own field `proof` is taken as zero."""
    bare = log_on.tobytes()[:_PROOF_AT] + bytes(_PROOF_BYTES)
    return hmac.digest(ticket, PROOF_LABEL + nonce + bare, "sha256")
