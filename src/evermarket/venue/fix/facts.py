"""What a member is told, folded from the stream of records: facts about orders, each with the order as it stood then.

The fold follows the orders of the lines it was asked about and of no others. It depends on the records alone, so every
gateway that folds the same stream has the same facts in the same order.
Known gap: off-book trades and quote requests are not told by FIX.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from evermarket.records import LAYOUT, NO_PRICE, RECORD_BYTES, Kind, Records
from evermarket.records.kinds import FIRST_EVENT, Aggressor, Reason, Side


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


class Order(NamedTuple):
    """An order at one moment. `qty`: what was ordered, less reductions; `value`: sum of price times quantity filled."""

    no: int
    line: int
    cl_ord_id: int
    instrument: int
    attributes: int
    account: int
    side: int
    ord_type: int
    tif: int
    price: int
    qty: int
    leaves: int
    cum: int = 0
    value: int = 0
    status: OrdStatus = OrdStatus.NEW

    def after(self, leaves: int, cum: int) -> "Order":
        """The order with these quantities, and the status that follows from them."""
        status = OrdStatus.NEW if cum == 0 else OrdStatus.PARTLY_FILLED
        if leaves == 0:
            status = OrdStatus.FILLED if cum == self.qty else OrdStatus.CANCELED
        return self._replace(leaves=leaves, cum=cum, status=status)


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
REQUESTS = (Kind.CANCEL, Kind.REDUCE, Kind.REPRICE)


class Facts:
    """The fold. `told(line, fact)` is called for each fact in the order of the stream."""

    def __init__(self, lines: Iterable[int], told: Callable[[int, Fact], None]) -> None:
        self._lines = frozenset(lines)
        self._told = told
        self._command: Records = np.zeros(1, LAYOUT[Kind.CANCEL])
        self._trades: dict[tuple[int, int], str] = {}  # (trade number, order number) -> ExecID
        self.orders: dict[int, Order] = {}
        self.ids: dict[tuple[int, int], int] = {}  # (line, client order id) that was answered -> order number
        self._fold = {
            Kind.ACCEPTED: self._accepted,
            Kind.REJECTED: self._rejected,
            Kind.REDUCED: self._changed,
            Kind.REPRICED: self._changed,
            Kind.CONVERTED: self._changed,
            Kind.CANCELLED: self._cancelled,
            Kind.TRADED: self._traded,
            Kind.TRADE_VOIDED: self._voided,
            Kind.MASS_CANCELLED: self._mass_cancelled,
        }

    def __repr__(self) -> str:
        return f"<Facts of {len(self._lines)} lines, {len(self.orders)} orders>"

    def fold(self, records: Records) -> None:
        """The next records of the stream, commands and events."""
        raw = records.tobytes()
        for at in range(0, len(raw), RECORD_BYTES):
            kind = raw[at + 16]
            if kind < FIRST_EVENT:
                self._command = np.frombuffer(raw, LAYOUT[Kind.CANCEL], 1, at)
            elif (step := self._fold.get(Kind(kind))) is not None:
                step(np.frombuffer(raw, LAYOUT[Kind(kind)], 1, at)[0])

    def _is_asked(self, line: int) -> bool:
        """Whether the command being answered is a request about one order that came from this line."""
        head = self._command[0]
        return int(head["kind"]) in REQUESTS and int(head["line"]) == line

    def _accepted(self, e: np.void) -> None:
        line = int(e["line"])
        if line not in self._lines:
            return
        order = _order_of(e)
        self.orders[order.no] = order
        self.ids[line, order.cl_ord_id] = order.no
        self._told(line, Executed(int(e["time"]), str(e["position"]), ExecType.NEW, order))

    def _rejected(self, e: np.void) -> None:
        line, asked, no = int(e["line"]), int(e["cl_ord_id"]), int(e["order_no"])
        if line not in self._lines:
            return
        self.ids.setdefault((line, asked), no)
        why = (int(e["code"]), int(e["value"]), int(e["bound"]))
        kind, time = int(e["command"]), int(e["time"])
        if kind == Kind.NEW:
            order = _order_of(self._command[0])._replace(leaves=0, status=OrdStatus.REJECTED)
            fact = Executed(time, str(e["position"]), ExecType.REJECTED, order)
            self._told(line, fact._replace(code=why[0], value=why[1], bound=why[2]))
        elif kind in REQUESTS:
            self._told(line, CancelRefused(time, line, asked, no, self.orders.get(no), Kind(kind), *why))
        elif kind == Kind.MASS_CANCEL:
            place = int(e["instrument"]), int(self._command[0]["side"])
            self._told(line, MassAnswered(time, int(e["position"]), line, asked, *place, 0, *why))

    def _changed(self, e: np.void) -> None:
        """Reduced, re-priced or converted; the request's id becomes the order's."""
        order = self.orders.get(int(e["order_no"]))
        if order is None:
            return
        leaves, cum = int(e["leaves"]), int(e["cum"])
        asked = int(e["cl_ord_id"]) if self._is_asked(order.line) else 0
        before = order.cl_ord_id
        order = order._replace(price=int(e["price"]), qty=leaves + cum).after(leaves, cum)
        if leaves == 0:
            order = order._replace(status=OrdStatus.CANCELED)
        what = ExecType.CANCELED if leaves == 0 else ExecType.REPLACED
        if int(e["kind"]) == Kind.CONVERTED:
            what = ExecType.RESTATED
        self._told(order.line, Executed(int(e["time"]), str(e["position"]), what, order, asked))
        if asked:
            self.ids[order.line, asked] = order.no
        self.orders[order.no] = order._replace(cl_ord_id=asked or before)

    def _cancelled(self, e: np.void) -> None:
        order = self.orders.get(int(e["order_no"]))
        if order is None:
            return
        reason = int(e["code"])
        asked = int(e["cl_ord_id"]) if self._is_asked(order.line) else 0
        expired = reason == Reason.END_OF_SESSION
        what = ExecType.EXPIRED if expired else ExecType.CANCELED
        order = order._replace(leaves=0, status=OrdStatus.EXPIRED if expired else OrdStatus.CANCELED)
        self.orders[order.no] = order
        if asked:
            self.ids[order.line, asked] = order.no
        self._told(order.line, Executed(int(e["time"]), str(e["position"]), what, order, asked, reason=reason))

    def _traded(self, e: np.void) -> None:
        for side, name in ((Side.BUY, "buy"), (Side.SELL, "sell")):
            order = self.orders.get(int(e[f"{name}_no"]))
            if order is None:
                continue
            price, qty, trade_no = int(e["price"]), int(e["qty"]), int(e["trade_no"])
            order = order._replace(value=order.value + price * qty)
            order = order.after(int(e[f"{name}_leaves"]), int(e[f"{name}_cum"]))
            self.orders[order.no] = order
            exec_id = f"{e['position']}{name[0].upper()}"
            self._trades[trade_no, order.no] = exec_id
            aggressor = int(e["flags"]) & 3
            liquidity = "" if aggressor == Aggressor.NONE else "2" if aggressor == side else "1"
            fact = Executed(int(e["time"]), exec_id, ExecType.TRADE, order, 0, price, qty, trade_no, liquidity)
            self._told(order.line, fact)

    def _voided(self, e: np.void) -> None:
        """The trade is void; quantities stay as the core has them (docs/format.md, section 6.8)."""
        for name in ("buy", "sell"):
            order = self.orders.get(int(e[f"{name}_no"]))
            was = self._trades.get((int(e["trade_no"]), order.no)) if order is not None else None
            if order is None or was is None:
                continue
            exec_id = f"{e['position']}{name[0].upper()}"
            facts = (int(e["price"]), int(e["qty"]), int(e["trade_no"]))
            void = Executed(int(e["time"]), exec_id, ExecType.TRADE_CANCEL, order, 0, *facts, of_exec_id=was)
            self._told(order.line, void)

    def _mass_cancelled(self, e: np.void) -> None:
        line, asked = int(e["line"]), int(e["cl_ord_id"])
        if line in self._lines:
            self.ids[line, asked] = 0
            place = int(e["instrument"]), int(e["side"])
            fact = MassAnswered(int(e["time"]), int(e["position"]), line, asked, *place, int(e["count"]))
            self._told(line, fact)


def _order_of(row: np.void) -> Order:
    """The order of a NEW or ACCEPTED record; a CANCEL's fields lie in the same places."""
    names = ("order_no", "line", "cl_ord_id", "instrument", "attributes", "account", "side", "ord_type", "tif", "price")
    no, line, cl_ord_id, instrument, attributes, account, *terms = (int(row[name]) for name in names)
    side, ord_type, tif, price = terms
    qty = int(row["qty"])
    return Order(no, line, cl_ord_id, instrument, attributes, account, side, ord_type, tif, price, qty=qty, leaves=qty)
