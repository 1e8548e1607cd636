"""What a member is told, as frozen objects: an order as it stands, a fill, a report. Nothing in them changes later.

A report has the four parts that Shioaji's users know: operation (what, code, sentence), order, status, contract.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from evermarket.client.contracts import Contract
from evermarket.client.errors import Refused, Retryable
from evermarket.client.orders import Order
from evermarket.records.kinds import Kind, Side
from evermarket.records.session import SessionKind

GOOD: Final = "00"


class OrdStatus(StrEnum):
    """FIX 39, with its characters."""

    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    CANCELED = "4"
    REJECTED = "8"
    PENDING_NEW = "A"

    @property
    def is_live(self) -> bool:
        """Whether something may still happen to the order."""
        return self in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.PENDING_NEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An order and how it stands (Shioaji's word). `order_no` is 0 until the core has given one; `attributes` and
    `segment` name its book in records."""

    contract: Contract
    order: Order
    cl_ord_id: int
    line: int
    order_no: int = 0
    status: OrdStatus = OrdStatus.PENDING_NEW
    qty: int = 0
    leaves_qty: int = 0
    cum_qty: int = 0
    price: Decimal | None = None
    attributes: int = 0
    position: int = 0
    error: Refused | Retryable | None = None

    @property
    def lots(self) -> Decimal:
        """The quantity in board lots."""
        return Decimal(self.qty) / self.contract.lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of one of this line's orders."""

    contract: Contract
    side: Side
    price: Decimal
    qty: int
    trade_no: int
    order_no: int
    cl_ord_id: int
    position: int
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What happened: `op_type` in the words of the records, `op_code` "00" or the refusal, `op_msg` its sentence."""

    op_type: str
    op_code: str = GOOD
    op_msg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One record of the flow.

    `contract` is None where a record is about no one instrument; `trade` is the order as it stands after it; `fills`
    has two members when both sides were this line's; `error` is what a refused command raises; `values` has the
    record's own fields by name, in the units of the records.
    """

    kind: Kind | SessionKind
    operation: Operation
    contract: Contract | None
    trade: Trade | None = None
    fills: tuple[Fill, ...] = ()
    cl_ord_id: int = 0
    position: int = 0
    time_ns: int = 0
    is_repeat: bool = False
    is_public: bool = False
    error: Refused | Retryable | None = None
    values: dict[str, int | bytes]

    @property
    def order(self) -> Order | None:
        """What was asked for."""
        return self.trade.order if self.trade else None

    @property
    def status(self) -> OrdStatus | None:
        """How the order stands."""
        return self.trade.status if self.trade else None
