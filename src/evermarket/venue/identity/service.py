"""The identity service over HTTP: `POST /v1/tickets`. TLS by configuration; refusals as problem+json (RFC 9457)."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Litestar, Request, Response, post
from litestar.exceptions import HTTPException
from litestar.params import JSONBody

from evermarket.venue.identity.desk import Desk, TicketRefusal, TicketRefused

BODY_BYTES_MAX: Final = 4_096
_PROBLEM: Final = "application/problem+json"
_STATUS: Final = {TicketRefusal.BAD_CREDENTIALS: 401, TicketRefusal.TOO_MANY_ATTEMPTS: 429, TicketRefusal.BUSY: 503}
_DETAIL: Final = {
    TicketRefusal.BAD_CREDENTIALS: "line, broker and password together, from this address, open no line",
    TicketRefusal.TOO_MANY_ATTEMPTS: "too many wrong attempts from this address",
    TicketRefusal.BUSY: "more log-ons than can be checked now",
}
"""One sentence whatever of it is wrong: a stranger learns nothing of which lines there are."""


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What a member shows once a day."""

    line: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    broker: Annotated[str, msgspec.Meta(max_length=64)]
    password: Annotated[str, msgspec.Meta(max_length=256)]


class DoorAddress(msgspec.Struct, frozen=True):
    """Where a core is to be found; `is_tls` if a relay stands in front."""

    host: str
    port: int
    is_tls: bool = False


class TicketGiven(msgspec.Struct):
    """A day ticket in hexadecimal digits, and the doors of the cores, all of them good from the morning."""

    line: int
    trading_day: int
    ticket: str
    doors: list[DoorAddress]


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457, with our `code` and the field at fault."""

    title: str
    status: int
    code: str
    detail: str
    retry_after_s: int = 0


def problem(status: int, code: str, detail: str, retry_ns: int = 0) -> Response[bytes]:
    """A refusal as HTTP says it."""
    retry_s = -(-retry_ns // 1_000_000_000)
    body = Problem(code.replace("_", " ").capitalize(), status, code, detail, retry_s)
    headers = {"Retry-After": str(retry_s)} if retry_s else {}
    return Response(msgspec.json.encode(body), status_code=status, media_type=_PROBLEM, headers=headers)


def _of_http(request: Request[Any, Any, Any], wrong: HTTPException) -> Response[bytes]:
    code = "BAD_REQUEST" if wrong.status_code == 400 else f"HTTP_{wrong.status_code}"
    extra = wrong.extra if isinstance(wrong.extra, list) else []
    fields = "; ".join(f"{e.get('key', 'body')}: {e.get('message', '')}" for e in extra if isinstance(e, dict))
    return problem(wrong.status_code, code, fields or wrong.detail)


def make_app(desk: Desk, doors: list[DoorAddress]) -> Litestar:
    """The service for one day."""

    @post("/v1/tickets", status_code=201, summary="A day ticket for one line")
    async def tickets(data: JSONBody[TicketRequest], request: Request[Any, Any, Any]) -> Response[Any]:
        source = request.client.host if request.client else "::"
        try:
            ticket = await desk.ticket(data.line, data.broker, data.password, source)
        except TicketRefused as no:
            return problem(_STATUS[no.code], no.code, _DETAIL[no.code], no.retry_ns)
        given = TicketGiven(data.line, desk.trading_day, ticket.hex(), doors)
        return Response(given, status_code=201, headers={"Cache-Control": "no-store"})

    return Litestar(
        [tickets],
        exception_handlers={HTTPException: _of_http},
        request_max_body_size=BODY_BYTES_MAX,
        on_shutdown=[desk.checker.close],
    )
