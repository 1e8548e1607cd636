"""Answers that stand in no journal record: refusals at the door and an order's status (tags in docs/fix.md)."""

from evermarket.venue.fix.events import Answered
from evermarket.venue.fix.facts import ExecType, Executed, Order, OrdStatus
from evermarket.venue.fix.fields import Tag
from evermarket.venue.fix.names import NONE, Names
from evermarket.venue.fix.orders import Refused
from evermarket.venue.fix.reports import render
from evermarket.venue.fix.validate import time_text
from evermarket.venue.fix.wire import SOH, Field, Message, joined

_COPIED = (Tag.ACCOUNT, Tag.SYMBOL, Tag.SIDE, Tag.ORDER_QTY, Tag.ORD_TYPE, Tag.PRICE)


def status_report(order: Order, now: int, names: Names) -> Answered:
    """ExecutionReport that tells how an order stands."""
    report = render(Executed(now, "0", ExecType.STATUS, order), names)
    return Answered(now, report.type, report.body)


def refusal(m: Message, why: Refused, now: int, number: int, order: Order | None) -> Answered:
    """The answer to what was refused at the door, in the form that belongs to the request."""
    match m.type:
        case "D":
            return refused_order(m, why, now, f"DOOR-{now}-{number}", ExecType.REJECTED)
        case "q":
            kind = m.get(Tag.MASS_REQUEST_TYPE) or ""
            head = ((Tag.ORDER_ID, NONE), (Tag.MASS_REQUEST_TYPE, kind), (Tag.MASS_RESPONSE, "0"))
            reason = "1" if why.cancel_reason == 1 else "99"
            return _answer("r", m, why, now, (*head, (Tag.MASS_REJECT_REASON, reason)))
        case _:
            fields = (
                (Tag.ORDER_ID, str(order.no) if order else NONE),
                (Tag.ORIG_CL_ORD_ID, m.get(Tag.ORIG_CL_ORD_ID) or NONE),
                (Tag.ORD_STATUS, (order.status if order else OrdStatus.REJECTED).value),
                (Tag.RESPONSE_TO, "1" if m.type == "F" else "2"),
                (Tag.CXL_REJ_REASON, str(why.cancel_reason)),
            )
            return _answer("9", m, why, now, fields)


def refused_order(m: Message, why: Refused, now: int, exec_id: str, what: ExecType) -> Answered:
    """ExecutionReport of an order that is none."""
    copied = ((tag, m.get(tag)) for tag in _COPIED)
    fields = (
        *((Tag.ORDER_ID, NONE), (Tag.EXEC_ID, exec_id), (Tag.EXEC_TYPE, what.value)),
        (Tag.ORD_STATUS, OrdStatus.REJECTED.value),
        *((tag, value) for tag, value in copied if value is not None),
        *((Tag.LEAVES_QTY, "0"), (Tag.CUM_QTY, "0"), (Tag.AVG_PX, "0")),
        (Tag.ORD_REJ_REASON, str(why.order_reason)),
    )
    return _answer("8", m, why, now, fields)


def _answer(kind: str, m: Message, why: Refused, now: int, fields: tuple[Field, ...]) -> Answered:
    """`fields` between ClOrdID and TransactTime, Text, Refusal."""
    head = ((Tag.CL_ORD_ID, m.get(Tag.CL_ORD_ID) or NONE), *fields, (Tag.TRANSACT_TIME, time_text(now)))
    code = f"{int(Tag.REFUSAL)}={int(why.code)}{SOH}" if why.code else ""
    return Answered(now, kind, f"{joined(head)}{int(Tag.TEXT)}={why.text}{SOH}{code}")
