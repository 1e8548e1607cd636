"""What a client raises, sorted by what the caller should do.

    ClientError
    |- Retryable (also ConnectionError)    the same request can succeed later; `retry_ns` says when, if anybody knows
    |- Refused (also ValueError)           it cannot, as it stands: change it
    `- UnknownContract (also KeyError)     no contract of that code in the table that was given

Every refusal carries `code`, `field`, `value`, `bound`, `rule` and `sentence`: docs/format.md, section 4.2, for what a
core said; the words of `Parting` for what ended a session. A timeout is Python's TimeoutError: the fate of what was
sent is not known yet, and the client goes on asking for it.
"""

from typing import Final

from evermarket.records import NO_PRICE, REFUSALS, Code, sentence
from evermarket.records.session import Parting

FIELD_OF: Final[dict[Code, str]] = {
    Code.UNKNOWN_KIND: "kind",
    Code.BROKEN_RUN: "flags",
    Code.UNKNOWN_LINE: "line",
    Code.NO_RIGHT: "line",
    Code.DUPLICATE_CL_ORD_ID: "cl_ord_id",
    Code.ORDER_NO: "order_no",
    Code.UNKNOWN_INSTRUMENT: "instrument",
    Code.UNKNOWN_GROUP: "group",
    Code.SIDE: "side",
    Code.ORD_TYPE: "ord_type",
    Code.TIF: "tif",
    Code.OPEN_CLOSE: "open_close",
    Code.PRICE_AND_QTY: "qty",
    Code.ORDER_UNKNOWN: "order_no",
    Code.ORDER_NOT_LIVE: "order_no",
    Code.NOT_OWNER: "order_no",
    Code.WRONG_BOOK: "instrument",
    Code.TYPE_IN_PHASE: "ord_type",
    Code.TYPE_NOT_ALLOWED: "ord_type",
    Code.REPRICE_NOT_ALLOWED: "order_no",
    Code.QUOTE_TIF: "tif",
    Code.QTY_ZERO: "qty",
    Code.QTY_LOT: "qty",
    Code.QTY_MAX: "qty",
    Code.QTY_MIN: "qty",
    Code.PRICE_ABSENT: "price",
    Code.PRICE_PRESENT: "price",
    Code.PRICE_RANGE: "price",
    Code.PRICE_TICK: "price",
    Code.ABOVE_LIMIT: "price",
    Code.BELOW_LIMIT: "price",
    Code.QUOTE_CROSSED: "bid_price",
    Code.PAIR: "extra",
    Code.TRADE_UNKNOWN: "trade_no",
    Code.TRADE_VOID: "trade_no",
}
"""The field of the request that a refusal is about; codes about the market's state have none."""

_PARTINGS: Final[dict[Parting, str]] = {
    Parting.MEMBER: "the member has logged off",
    Parting.CLOSING: "the core ends in good order",
    Parting.BAD_TICKET: "the ticket is not one of this line, day and address",
    Parting.LINE_TAKEN: "the line has a session already",
    Parting.AHEAD: "the member has received more than this core has told",
    Parting.FOREIGN_LINE: "a command named another line",
    Parting.BAD_RECORD: "a record that members do not send",
    Parting.SILENT: "three heartbeats were missed",
    Parting.SLOW: "the member did not read what it was sent",
    Parting.LATE: "no log-on within five seconds",
    Parting.FULL: "the door has as many connections as it holds",
}


class ClientError(Exception):
    """Root of this tree. `code` is a word."""

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        field: str = "",
        value: int | None = None,
        bound: int | None = None,
        rule: str = "",
        cl_ord_id: int = 0,
        retry_ns: int = 0,
    ) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.field = field
        self.value = value
        self.bound = bound
        self.rule = rule
        self.cl_ord_id = cl_ord_id
        self.retry_ns = retry_ns


class Retryable(ClientError, ConnectionError):  # noqa: N818 - what to do, not that it is an error
    """Try the same again later."""


class Refused(ClientError, ValueError):  # noqa: N818 - what to do, not that it is an error
    """Do not try the same again."""


class UnknownContract(ClientError, KeyError):  # noqa: N818 - what to do, not that it is an error
    """No such contract; the sentence names the nearest ones."""

    def __str__(self) -> str:
        return self.sentence


def of_rejected(code: int, value: int, bound: int, cl_ord_id: int) -> Refused | Retryable:
    """What to raise for a REJECTED record."""
    known = Code(code)
    kind = Retryable if REFUSALS[known].transient else Refused
    return kind(
        known.name,
        sentence(code, value, bound),
        field=FIELD_OF.get(known, ""),
        value=None if value == NO_PRICE else value,
        bound=None if bound == NO_PRICE else bound,
        rule=REFUSALS[known].rule,
        cl_ord_id=cl_ord_id,
    )


def of_parting(parting: Parting) -> Refused | Retryable:
    """What to raise when a session ended for this reason."""
    is_final = parting in (Parting.BAD_TICKET, Parting.AHEAD, Parting.FOREIGN_LINE, Parting.BAD_RECORD)
    return (Refused if is_final else Retryable)(parting.name, _PARTINGS[parting], rule="sessions, Log-on")


def throttled(cl_ord_id: int, retry_ns: int, rate: int) -> Retryable:
    """The line sent more commands a second than it may; this one was not taken."""
    text = f"more than {rate} commands a second; there is room in {retry_ns / 1e6:.1f} ms"
    return Retryable("THROTTLED", text, value=rate, rule="sessions, Rate", cl_ord_id=cl_ord_id, retry_ns=retry_ns)


def never_received(cl_ord_id: int) -> Retryable:
    """The command was lost with a core that died; it was not executed and never will be."""
    text = "was not received and will never be executed: send it again under a new id"
    return Retryable("NEVER_RECEIVED", text, rule="sessions, Commands", cl_ord_id=cl_ord_id)


def not_connected() -> Retryable:
    """Nothing has been logged on yet: the line's ids are not known."""
    return Retryable("NOT_CONNECTED", "log on first: the line's last client order id is not known yet")


def too_much_waits() -> Retryable:
    """This command was not sent: a bound of what may wait in this client is reached."""
    return Retryable("TOO_MUCH_WAITS", "more commands wait for a core than this client keeps; wait for their outcomes")
