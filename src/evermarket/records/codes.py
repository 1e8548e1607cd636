"""Refusal codes: one ordered list; when several apply the first in the list is the answer, in both cores, by law.

A code never changes its number once published; new ones take a free number at the place where they are checked.
The sentence names field, value and rule; `{value}` and `{bound}` are filled from the REJECTED record. `fix` is the
nearest OrdRejReason (103). `transient` tells whether the same request can succeed later without being changed.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from evermarket.records.units import NO_PRICE, PRICE_SCALE


class Code(IntEnum):
    """Refusals in order of precedence."""

    UNKNOWN_KIND = 1
    BROKEN_RUN = 2
    UNUSED_BYTES = 3
    SWITCHED_OFF = 4
    GUARDED = 5
    UNKNOWN_LINE = 10
    NO_RIGHT = 11
    DUPLICATE_CL_ORD_ID = 12
    ORDER_NO = 13
    UNKNOWN_INSTRUMENT = 20
    UNKNOWN_GROUP = 21
    UNKNOWN_TABLE = 22
    BAD_REFERENCE = 23
    SIDE = 30
    ORD_TYPE = 31
    TIF = 32
    OPEN_CLOSE = 33
    PRICE_AND_QTY = 34
    ORDER_UNKNOWN = 40
    ORDER_NOT_LIVE = 41
    NOT_OWNER = 42
    WRONG_BOOK = 43
    SUSPENDED = 50
    NOT_IN_PHASE = 51
    TYPE_IN_PHASE = 52
    TYPE_NOT_ALLOWED = 53
    REPRICE_NOT_ALLOWED = 54
    QUOTE_TIF = 55
    QTY_ZERO = 60
    QTY_LOT = 61
    QTY_MAX = 62
    QTY_MIN = 63
    PRICE_ABSENT = 70
    PRICE_PRESENT = 71
    PRICE_RANGE = 72
    PRICE_TICK = 73
    ABOVE_LIMIT = 74
    BELOW_LIMIT = 75
    QUOTE_CROSSED = 76
    NO_CLOSING_PRICE = 80
    PAIR = 81
    TRADE_UNKNOWN = 82
    TRADE_VOID = 83
    TIMER_NOT_DUE = 90
    STATE = 91
    FULL = 95


class Refusal(NamedTuple):
    """What a member is told beside the number. `twse`: status code of the Taiwan order line, 99 where it has none."""

    code: Code
    sentence: str
    fix: int
    transient: bool
    rule: str
    twse: int


def _r(code: Code, sentence: str, fix: int = 99, *, rule: str, transient: bool = False, twse: int = 99) -> Refusal:
    return Refusal(code, sentence, fix, transient, rule, twse)


REFUSALS: Final[dict[Code, Refusal]] = {
    r.code: r
    for r in (
        _r(Code.UNKNOWN_KIND, "kind {value} is not a command", rule="format 4"),
        _r(Code.BROKEN_RUN, "flags announce {value} following records, the batch holds {bound}", rule="format 4.1"),
        _r(Code.UNUSED_BYTES, "a byte that no field names is not zero", rule="format 2"),
        _r(Code.SWITCHED_OFF, "feature {value} is switched off by the exchange", 0, rule="format 4.2", transient=True),
        _r(Code.GUARDED, "the core could not work a command of kind {value}", rule="format 4.2"),
        _r(Code.UNKNOWN_LINE, "line {value} is not defined", 1, rule="TWSE Art.58; format 5.1", twse=15),
        _r(Code.NO_RIGHT, "line {value} lacks the right {bound}", 1, rule="format 5.1", twse=33),
        _r(
            Code.DUPLICATE_CL_ORD_ID,
            "cl_ord_id {value} is not larger than {bound}, the last one of this line",
            6,
            rule="format 5.2",
            twse=40,
        ),
        _r(Code.ORDER_NO, "order_no {value} is not the next number {bound}", rule="format 5.3"),
        _r(Code.UNKNOWN_INSTRUMENT, "instrument {value} has no book in segment {bound}", 1, rule="format 5.4", twse=20),
        _r(Code.UNKNOWN_GROUP, "group {value} has no book", rule="format 6"),
        _r(Code.UNKNOWN_TABLE, "tick table or stabilisation set {value} is not defined", rule="format 5.4"),
        _r(
            Code.BAD_REFERENCE,
            "reference value {value} breaks the rule of its field (bound {bound})",
            rule="format 5.4",
        ),
        _r(Code.SIDE, "side {value} is neither 1 (buy) nor 2 (sell)", rule="TWSE Art.58 para 2", twse=24),
        _r(Code.ORD_TYPE, "ord_type {value} is not 1, 2 or 3", 11, rule="TWSE Art.58-8", twse=46),
        _r(Code.TIF, "tif {value} is not 1, 2 or 3", 11, rule="TWSE Art.58-8", twse=47),
        _r(Code.OPEN_CLOSE, "open_close {value} is not between 0 and 5", 11, rule="format 4"),
        _r(Code.PRICE_AND_QTY, "price and qty cannot both change in one request", rule="TWSE Art.58 para 6", twse=11),
        _r(Code.ORDER_UNKNOWN, "order_no {value} was never given", 5, rule="TWSE Art.58 para 6", twse=5),
        _r(Code.ORDER_NOT_LIVE, "order_no {value} has nothing left", 5, rule="TWSE Art.58 para 6", twse=50),
        _r(Code.NOT_OWNER, "order_no {value} belongs to another member", 5, rule="TWSE Art.58 para 6", twse=5),
        _r(Code.WRONG_BOOK, "order_no {value} stands in instrument {bound}", 5, rule="format 5.5", twse=20),
        _r(Code.SUSPENDED, "trading is halted", 2, rule="TWSE Art.58; format 6.6", transient=True, twse=43),
        _r(
            Code.NOT_IN_PHASE,
            "phase {value} does not take this request",
            2,
            rule="TWSE Art.58-8",
            transient=True,
            twse=2,
        ),
        _r(
            Code.TYPE_IN_PHASE,
            "phase {value} does not take this order type and time in force",
            11,
            rule="TWSE Art.58-8",
            transient=True,
            twse=49,
        ),
        _r(Code.TYPE_NOT_ALLOWED, "this security never takes this order type", 11, rule="TWSE Art.58-8", twse=46),
        _r(Code.REPRICE_NOT_ALLOWED, "only a limit order can change its price", rule="TWSE Art.58 para 6", twse=53),
        _r(
            Code.QUOTE_TIF,
            "a quote must be valid for the day, not tif {value}",
            11,
            rule="TWSE WLP Art.7, ETNLP Art.8",
            twse=47,
        ),
        _r(Code.QTY_ZERO, "qty is 0", 13, rule="TWSE Art.58", twse=22),
        _r(Code.QTY_LOT, "qty {value} is not a multiple of the lot {bound}", 13, rule="TWSE Art.58", twse=22),
        _r(Code.QTY_MAX, "qty {value} exceeds {bound}", 3, rule="TWSE FP Art.4 (499 lots)", twse=22),
        _r(Code.QTY_MIN, "qty {value} is below {bound}", 13, rule="TWSE BL (500 lots or NT$15 m)", twse=22),
        _r(Code.PRICE_ABSENT, "a limit order needs a price", rule="TWSE Art.58-8", twse=21),
        _r(
            Code.PRICE_PRESENT, "price {value} given where the rule takes none", rule="TWSE Art.58-8, FP Art.3", twse=21
        ),
        _r(Code.PRICE_RANGE, "price {value} is not between 1 and {bound}", rule="format 1", twse=21),
        _r(Code.PRICE_TICK, "price {value} is not a multiple of the tick {bound}", rule="TWSE Art.62", twse=21),
        _r(Code.ABOVE_LIMIT, "price {value} is above the limit-up {bound}", rule="TWSE Art.63", twse=21),
        _r(Code.BELOW_LIMIT, "price {value} is below the limit-down {bound}", rule="TWSE Art.63", twse=21),
        _r(Code.QUOTE_CROSSED, "bid {value} is not below ask {bound}", rule="TWSE WLP Art.7", twse=21),
        _r(Code.NO_CLOSING_PRICE, "there is no closing price to trade at", 2, rule="TWSE FP Art.5", twse=45),
        _r(Code.PAIR, "a paired block needs a pair number and nothing else does", rule="TWSE BL Art.10"),
        _r(Code.TRADE_UNKNOWN, "trade_no {value} was never given", rule="format 6.8"),
        _r(Code.TRADE_VOID, "trade_no {value} is void already", rule="format 6.8"),
        _r(Code.TIMER_NOT_DUE, "no timer of this kind is due at {value}", rule="format 6.5"),
        _r(Code.STATE, "the book is not in a state for this command", rule="format 6"),
        _r(Code.FULL, "a table of the core is full at {bound} rows", rule="format 1", transient=True),
    )
}
"""Every code with what it says."""

assert list(REFUSALS) == sorted(Code), "the table of refusals follows the order of the codes"

_PRICE_CODES: Final = {
    Code.PRICE_PRESENT,
    Code.PRICE_RANGE,
    Code.PRICE_TICK,
    Code.ABOVE_LIMIT,
    Code.BELOW_LIMIT,
    Code.QUOTE_CROSSED,
}


def _shown(code: Code, number: int) -> str:
    if number == NO_PRICE:
        return "none"
    if code in _PRICE_CODES:
        whole, rest = divmod(number, PRICE_SCALE)
        return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
    return str(number)


def sentence(code: int, value: int, bound: int) -> str:
    """What to tell a member: the sentence of `code` with the values of the REJECTED record filled in."""
    known = Code(code)
    return REFUSALS[known].sentence.format(value=_shown(known, value), bound=_shown(known, bound))
