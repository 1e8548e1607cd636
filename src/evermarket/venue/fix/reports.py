"""Facts as FIX messages: ExecutionReport (8), OrderCancelReject (9), OrderMassCancelReport (r); a line's flow of them
(FIX 4.4 volume 4; tags in docs/fix.md). A report is made from the fact alone.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from evermarket.records import NO_PRICE, REFUSALS, Code, Kind, sentence
from evermarket.records.kinds import OrdType, Reason, Tif
from evermarket.venue.fix.decimals import average_text, price_text
from evermarket.venue.fix.facts import CancelRefused, Executed, Fact, MassAnswered, Order, OrdStatus
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.names import NONE, Names
from evermarket.venue.fix.numbers import Report
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import SOH, joined

ORD_TYPES: Final[dict[int, str]] = {OrdType.MARKET: "1", OrdType.LIMIT: "2", OrdType.MARKET_TO_LIMIT: "K"}
TIFS: Final[dict[int, str]] = {Tif.ROD: "0", Tif.IOC: "3", Tif.FOK: "4"}
CANCEL_REASONS: Final[dict[int, int]] = {
    Code.DUPLICATE_CL_ORD_ID: 6,
    Code.ORDER_UNKNOWN: 1,
    Code.NOT_OWNER: 1,
    Code.WRONG_BOOK: 1,
    Code.ORDER_NOT_LIVE: 0,
    Code.SUSPENDED: 2,
    Code.NOT_IN_PHASE: 2,
}
"""CxlRejReason (102) of a refused request; 99 for all others."""

WORDS: Final[dict[int, str]] = {
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
    the line in each report. About half a kilobyte a report."""

    def __init__(self, names: Names, lines: Iterable[int], *, is_copy: bool = False) -> None:
        self._names = names
        self.lines = frozenset(lines)
        self._is_copy = is_copy
        self._reports: list[Report] = []

    def __repr__(self) -> str:
        return f"<PrivateFlow of lines {sorted(self.lines)}, {len(self)} reports>"

    def __len__(self) -> int:
        return len(self._reports)

    def __getitem__(self, index: int, /) -> Report:
        return self._reports[index]

    def add(self, fact: Fact) -> None:
        """Take the next fact of one of these lines."""
        report = render(fact, self._names)
        if self._is_copy:
            line = fact.order.line if isinstance(fact, Executed) else fact.line
            report = report._replace(body=f"{report.body}{int(Tag.LINE)}={line}{SOH}")
        self._reports.append(report)


def render(fact: Fact, names: Names) -> Report:
    """The message of a fact. The numbers of the tags stand in the order of docs/fix.md."""
    match fact:
        case Executed():
            return Report(fact.time, "8", _execution(fact, names))
        case CancelRefused():
            return Report(fact.time, "9", _cancel_refused(fact))
        case MassAnswered():
            return Report(fact.time, "r", _mass_answered(fact, names))


def _execution(f: Executed, names: Names) -> str:
    """OrderID, ExecID, ExecType, OrdStatus, ClOrdID; what was ordered; what was traded; how it stands now."""
    o = f.order
    original = f"41={o.cl_ord_id}{SOH}" if f.asked else ""
    account = f"1={names.account(o.account)}{SOH}" if o.account else ""
    return (
        f"37={o.no or NONE}{SOH}17={f.exec_id}{SOH}150={f.what}{SOH}39={o.status}{SOH}11={f.asked or o.cl_ord_id}{SOH}"
        f"{original}{account}55={names.symbol(o.instrument)}{SOH}{_terms(o)}{_trade(f)}"
        f"151={o.leaves}{SOH}14={o.cum}{SOH}6={average_text(o.value, o.cum)}{SOH}60={time_text(f.time)}{SOH}"
        f"{_why(f)}{_taiwan(o.attributes)}"
    )


def _terms(o: Order) -> str:
    """Side, OrderQty, OrdType, TimeInForce, Price. A refused order shows what was asked for, as far as there is a word
    for it."""
    ord_type, tif = ORD_TYPES.get(o.ord_type), TIFS.get(o.tif)
    return (
        f"54={o.side if o.side in (1, 2) else 7}{SOH}38={o.qty}{SOH}"
        f"{f'40={ord_type}{SOH}' if ord_type else ''}{f'59={tif}{SOH}' if tif else ''}"
        f"{f'44={price_text(o.price)}{SOH}' if o.price != NO_PRICE else ''}"
    )


def _trade(f: Executed) -> str:
    """ExecRefID, LastQty, LastPx, LastLiquidityInd, SecondaryExecID."""
    if not f.trade_no:
        return ""
    refers = f"19={f.of_exec_id}{SOH}" if f.of_exec_id else ""
    liquidity = f"851={f.liquidity}{SOH}" if f.liquidity else ""
    return f"{refers}32={f.qty}{SOH}31={price_text(f.price)}{SOH}{liquidity}527={f.trade_no}{SOH}"


def _why(f: Executed) -> str:
    """OrdRejReason, Text, Refusal; Text alone where an order went that nobody asked about."""
    if f.code:
        return f"103={REFUSALS[Code(f.code)].fix}{SOH}{_refusal(f.code, f.value, f.bound)}"
    words = WORDS.get(f.reason)
    return f"58={words}{SOH}" if words else ""


def _refusal(code: int, value: int, bound: int) -> str:
    """Text, Refusal."""
    return f"58={sentence(code, value, bound)}{SOH}{int(Tag.REFUSAL)}={code}{SOH}"


@lru_cache(1_024)
def _taiwan(attributes: int) -> str:
    """Segment, category, investor kind and channel out of `attributes` (docs/format.md, section 2)."""
    places = ((Tag.SEGMENT, 0, 15), (Tag.CATEGORY, 4, 7), (Tag.INVESTOR, 7, 7), (Tag.CHANNEL, 10, 7))
    values = ((tag, attributes >> bit & mask) for tag, bit, mask in places)
    return joined((tag, str(value)) for tag, value in values if value)


def _cancel_refused(f: CancelRefused) -> str:
    """OrderID, ClOrdID, OrigClOrdID, OrdStatus, TransactTime, CxlRejResponseTo, CxlRejReason, Text, Refusal."""
    original, status = (f.order.cl_ord_id, f.order.status) if f.order else (NONE, OrdStatus.REJECTED)
    return (
        f"37={f.order_no or NONE}{SOH}11={f.asked}{SOH}41={original}{SOH}39={status}{SOH}60={time_text(f.time)}{SOH}"
        f"434={1 if f.command is Kind.CANCEL else 2}{SOH}102={CANCEL_REASONS.get(f.code, 99)}{SOH}"
        f"{_refusal(f.code, f.value, f.bound)}"
    )


def _mass_answered(f: MassAnswered, names: Names) -> str:
    """ClOrdID, OrderID, MassCancelRequestType, MassCancelResponse, then what it was about and how it ended."""
    kind = "1" if f.instrument else "7"
    symbol = f"55={names.symbol(f.instrument)}{SOH}" if f.instrument else ""
    side = f"54={f.side}{SOH}" if f.side else ""
    head = f"11={f.asked}{SOH}37={f.position}{SOH}530={kind}{SOH}"
    tail = f"{symbol}{side}60={time_text(f.time)}{SOH}"
    if f.code:
        reason = 1 if f.code == Code.UNKNOWN_INSTRUMENT else 99
        return f"{head}531=0{SOH}532={reason}{SOH}{tail}{_refusal(f.code, f.value, f.bound)}"
    return f"{head}531={kind}{SOH}533={f.affected}{SOH}{tail}"
