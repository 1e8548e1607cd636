"""The day's ticket: line, broker and password are shown once a day, to the identity service, over TLS."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from evermarket.client.errors import Refused, Retryable

TIMEOUT_S: Final = 30.0
_LATER: Final = {429: "TOO_MANY_ATTEMPTS", 503: "BUSY"}


@dataclass(frozen=True, slots=True)
class DayTicket:
    """What a line logs on with all day, at every core. `doors` are "host:port", with "tls://" before it where a relay
    stands in front."""

    line: int
    trading_day: int
    ticket: bytes = field(repr=False)
    doors: tuple[str, ...] = ()


def fetch_ticket(url: str, line: int, broker: str, password: str, ca: Path | None = None) -> DayTicket:
    """Ask the identity service at `url`; blocks. `ca` is the authority to trust, the system's if None.

    Raises Refused (BAD_CREDENTIALS), Retryable (service busy or not reached), ValueError for a plain http:// URL that
    leaves this machine: a password is not sent in the clear.
    """
    _check_secrecy(url)
    body = json.dumps({"line": line, "broker": broker, "password": password}).encode()
    request = urllib.request.Request(f"{url.rstrip('/')}/v1/tickets", body, {"Content-Type": "application/json"})
    context = ssl.create_default_context(cafile=str(ca) if ca else None) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as answer:
            given: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as no:
        raise _refusal(no) from no
    except (urllib.error.URLError, TimeoutError) as lost:
        raise Retryable("NOT_REACHED", f"identity service at {url}: {lost}") from lost
    doors = tuple(f"{'tls://' * door['is_tls']}{door['host']}:{door['port']}" for door in given["doors"])
    return DayTicket(given["line"], given["trading_day"], bytes.fromhex(given["ticket"]), doors)


def _check_secrecy(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise ValueError(f"{url} is not https://: a password is not sent in the clear")


def _refusal(no: urllib.error.HTTPError) -> Refused | Retryable:
    try:
        problem: dict[str, Any] = json.load(no)
    except ValueError:
        problem = {}
    code = str(problem.get("code", f"HTTP_{no.code}"))
    detail = str(problem.get("detail", no.reason))
    if no.code in _LATER or no.code >= 500:
        return Retryable(code, detail, retry_ns=int(problem.get("retry_after_s", 0)) * 1_000_000_000)
    return Refused(code, detail, rule="sessions, Tickets")
