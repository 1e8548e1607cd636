"""What a member is told: facts about orders, each with the order as it stood then. They come from `fold.py`."""

from enum import StrEnum
from typing import Final, NamedTuple

from evermarket.records import NO_PRICE, Kind


class ExecType(StrEnum):
    """Field 150."""

    NEW = "0"
    CANCELED = "4"
    REPLACED = "5"
    REJECTED = "8"
    EXPIRED = "C"
    RESTATED = "D"
    TRADE = "F"
    TRADE_CANCEL = "H"
    STATUS = "I"


class OrdStatus(StrEnum):
    """Field 39."""

    NEW = "0"
    PARTLY_FILLED = "1"
    FILLED = "2"
    CANCELED = "4"
    REJECTED = "8"
    EXPIRED = "C"


_PARTLY_FILLED, _FILLED, _CANCELED = OrdStatus.PARTLY_FILLED, OrdStatus.FILLED, OrdStatus.CANCELED
"""At hand: reaching a member of an enumeration costs as much as a field of a message."""


class Order(NamedTuple):
    """An order at one moment. `qty`: what was ordered, less reductions; `value`: sum of price times quantity filled.

    What never changes comes first.
    """

    no: int
    line: int
    instrument: int
    attributes: int
    account: int
    side: int
    ord_type: int
    tif: int
    cl_ord_id: int
    price: int
    qty: int
    leaves: int
    cum: int = 0
    value: int = 0
    status: OrdStatus = OrdStatus.NEW

    def now(
        self, cl_ord_id: int, price: int, qty: int, leaves: int, cum: int, value: int, status: OrdStatus
    ) -> "Order":
        """The same order later."""
        return Order(*self[:8], cl_ord_id, price, qty, leaves, cum, value, status)

    def filled(self, leaves: int, cum: int, value: int) -> "Order":
        """The order after a fill."""
        status = _PARTLY_FILLED
        if leaves == 0:
            status = _FILLED if cum == self.qty else _CANCELED
        return self.now(self.cl_ord_id, self.price, self.qty, leaves, cum, value, status)

    def over(self, status: OrdStatus) -> "Order":
        """The order when nothing of it is left."""
        return self.now(self.cl_ord_id, self.price, self.qty, 0, self.cum, self.value, status)


class Executed(NamedTuple):
    """One ExecutionReport. `asked`: the request's id where there was one."""

    time: int
    exec_id: str
    what: ExecType
    order: Order
    asked: int = 0
    price: int = NO_PRICE
    qty: int = 0
    trade_no: int = 0
    liquidity: str = ""
    of_exec_id: str = ""
    reason: int = 0
    code: int = 0
    value: int = 0
    bound: int = NO_PRICE


class CancelRefused(NamedTuple):
    """One OrderCancelReject."""

    time: int
    line: int
    asked: int
    order_no: int
    order: Order | None
    command: Kind
    code: int
    value: int
    bound: int


class MassAnswered(NamedTuple):
    """One OrderMassCancelReport; `code` 0 where it was done."""

    time: int
    position: int
    line: int
    asked: int
    instrument: int
    side: int
    affected: int
    code: int = 0
    value: int = 0
    bound: int = NO_PRICE


Fact = Executed | CancelRefused | MassAnswered
_OF_ORDERS: Final = frozenset((ExecType.NEW, ExecType.REJECTED))


def answered_id(fact: Fact) -> int:
    """The client order id of the request that a fact answers; 0 if it answers none."""
    if isinstance(fact, Executed):
        return fact.order.cl_ord_id if fact.what in _OF_ORDERS else fact.asked
    return fact.asked
