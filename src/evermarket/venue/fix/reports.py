"""Facts as FIX messages: ExecutionReport (8), OrderCancelReject (9), OrderMassCancelReport (r); a line's flow of them
(FIX 4.4 volume 4; tags in docs/fix.md). A report is made when it is asked for, from the fact alone.
"""

from collections.abc import Iterable
from typing import Final

from evermarket.records import NO_PRICE, REFUSALS, Code, Kind, sentence
from evermarket.records.kinds import OrdType, Reason, Tif
from evermarket.venue.fix.decimals import average_text, price_text
from evermarket.venue.fix.facts import CancelRefused, ExecType, Executed, Fact, MassAnswered, Order, OrdStatus
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.names import NONE, Names
from evermarket.venue.fix.numbers import Report
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import Field

ORD_TYPES: Final = {OrdType.MARKET: "1", OrdType.LIMIT: "2", OrdType.MARKET_TO_LIMIT: "K"}
TIFS: Final = {Tif.ROD: "0", Tif.IOC: "3", Tif.FOK: "4"}
CANCEL_REASONS: Final = {
    Code.DUPLICATE_CL_ORD_ID: 6,
    Code.ORDER_UNKNOWN: 1,
    Code.NOT_OWNER: 1,
    Code.WRONG_BOOK: 1,
    Code.ORDER_NOT_LIVE: 0,
    Code.SUSPENDED: 2,
    Code.NOT_IN_PHASE: 2,
}
"""CxlRejReason (102) of a refused request; 99 for all others."""

WORDS: Final = {
    Reason.TIME_IN_FORCE: "the rest could not trade at once",
    Reason.BAND: "the next price is outside the volatility band",
    Reason.STABILISATION: "market orders do not wait in a volatility call",
    Reason.MARKET_AT_CLOSE: "market orders do not enter the closing call",
    Reason.END_OF_SESSION: "the session has ended",
    Reason.MASS: "mass cancel",
    Reason.QUOTE_REPLACED: "replaced by a new quote",
    Reason.SELF_TRADE: "would meet an order of the same account",
    Reason.EXCHANGE: "cancelled by the exchange",
    Reason.DISCONNECT: "the session was lost",
    Reason.SWITCH: "cancelled at the switch",
}
"""Why an order was cancelled that nobody of this session asked about."""


class PrivateFlow:
    """The reports of some lines in journal order: of one line its session's flow, of several a drop copy, which names
    the line in each report."""

    def __init__(self, names: Names, lines: Iterable[int]) -> None:
        self._names = names
        self.lines = frozenset(lines)
        self._facts: list[Fact] = []

    def __repr__(self) -> str:
        return f"<PrivateFlow of lines {sorted(self.lines)}, {len(self)} reports>"

    def __len__(self) -> int:
        return len(self._facts)

    def __getitem__(self, index: int, /) -> Report:
        fact = self._facts[index]
        report = render(fact, self._names)
        if len(self.lines) == 1:
            return report
        line = fact.order.line if isinstance(fact, Executed) else fact.line
        return report._replace(fields=(*report.fields, (int(Tag.LINE), str(line))))

    def add(self, line: int, fact: Fact) -> None:
        """Take a fact if it is one of these lines'."""
        if line in self.lines:
            self._facts.append(fact)


def render(fact: Fact, names: Names) -> Report:
    """The message of a fact."""
    match fact:
        case Executed():
            return Report(fact.time, "8", _filled(_execution(fact, names)))
        case CancelRefused():
            return Report(fact.time, "9", _filled(_cancel_refused(fact)))
        case MassAnswered():
            return Report(fact.time, "r", _filled(_mass_answered(fact, names)))


def _filled(fields: Iterable[tuple[int, object]]) -> tuple[Field, ...]:
    """Only the fields that have a value."""
    return tuple((int(tag), str(value)) for tag, value in fields if value not in (None, ""))


def _execution(f: Executed, names: Names) -> list[tuple[int, object]]:
    o = f.order
    traded = f.what in (ExecType.TRADE, ExecType.TRADE_CANCEL)
    return [
        (Tag.ORDER_ID, o.no or NONE),
        (Tag.EXEC_ID, f.exec_id),
        (Tag.EXEC_TYPE, f.what.value),
        (Tag.ORD_STATUS, o.status.value),
        (Tag.CL_ORD_ID, f.asked or o.cl_ord_id),
        (Tag.ORIG_CL_ORD_ID, o.cl_ord_id if f.asked else ""),
        (Tag.EXEC_REF_ID, f.of_exec_id),
        (Tag.ACCOUNT, names.account(o.account)),
        (Tag.SYMBOL, names.symbol(o.instrument)),
        *_terms(o),
        (Tag.LAST_QTY, f.qty if traded else ""),
        (Tag.LAST_PX, price_text(f.price) if traded else ""),
        (Tag.LIQUIDITY, f.liquidity),
        (Tag.TRADE_NO, f.trade_no or ""),
        (Tag.LEAVES_QTY, o.leaves),
        (Tag.CUM_QTY, o.cum),
        (Tag.AVG_PX, average_text(o.value, o.cum)),
        (Tag.TRANSACT_TIME, time_text(f.time)),
        (Tag.ORD_REJ_REASON, REFUSALS[Code(f.code)].fix if f.code else ""),
        (
            Tag.TEXT,
            sentence(f.code, f.value, f.bound) if f.code else WORDS.get(Reason(f.reason), "") if f.reason else "",
        ),
        (Tag.REFUSAL, f.code or ""),
        *_taiwan(o.attributes),
    ]


def _terms(o: Order) -> list[tuple[int, object]]:
    """What was ordered. A refused order shows what was asked for, as far as there is a word for it."""
    return [
        (Tag.SIDE, o.side if o.side in (1, 2) else "7"),
        (Tag.ORDER_QTY, o.qty),
        (Tag.ORD_TYPE, ORD_TYPES.get(OrdType(o.ord_type)) if o.ord_type in (1, 2, 3) else ""),
        (Tag.TIME_IN_FORCE, TIFS.get(Tif(o.tif)) if o.tif in (1, 2, 3) else ""),
        (Tag.PRICE, price_text(o.price) if o.price != NO_PRICE else ""),
    ]


def _taiwan(attributes: int) -> list[tuple[int, object]]:
    """Segment, category, investor kind and channel out of `attributes` (docs/format.md, section 2)."""
    places = ((Tag.SEGMENT, 0, 15), (Tag.CATEGORY, 4, 7), (Tag.INVESTOR, 7, 7), (Tag.CHANNEL, 10, 7))
    return [(tag, (attributes >> bit & mask) or "") for tag, bit, mask in places]


def _cancel_refused(f: CancelRefused) -> list[tuple[int, object]]:
    return [
        (Tag.ORDER_ID, f.order_no or NONE),
        (Tag.CL_ORD_ID, f.asked),
        (Tag.ORIG_CL_ORD_ID, f.order.cl_ord_id if f.order else NONE),
        (Tag.ORD_STATUS, (f.order.status if f.order else OrdStatus.REJECTED).value),
        (Tag.TRANSACT_TIME, time_text(f.time)),
        (Tag.RESPONSE_TO, "1" if f.command is Kind.CANCEL else "2"),
        (Tag.CXL_REJ_REASON, CANCEL_REASONS.get(Code(f.code), 99)),
        (Tag.TEXT, sentence(f.code, f.value, f.bound)),
        (Tag.REFUSAL, f.code),
    ]


def _mass_answered(f: MassAnswered, names: Names) -> list[tuple[int, object]]:
    kind = "1" if f.instrument else "7"
    return [
        (Tag.CL_ORD_ID, f.asked),
        (Tag.ORDER_ID, f.position),
        (Tag.MASS_REQUEST_TYPE, kind),
        (Tag.MASS_RESPONSE, "0" if f.code else kind),
        (Tag.MASS_REJECT_REASON, ("1" if f.code == Code.UNKNOWN_INSTRUMENT else "99") if f.code else ""),
        (Tag.AFFECTED_ORDERS, f.affected),
        (Tag.SYMBOL, names.symbol(f.instrument) if f.instrument else ""),
        (Tag.SIDE, f.side or ""),
        (Tag.TRANSACT_TIME, time_text(f.time)),
        (Tag.TEXT, sentence(f.code, f.value, f.bound) if f.code else ""),
        (Tag.REFUSAL, f.code or ""),
    ]
