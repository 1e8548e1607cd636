"""A line's orders and fills, folded from its flow: records in, frozen reports out. No socket, no clock.

Invariants: an order's latest snapshot is `of_no[order_no]`; what the flow said twice changes nothing the second time.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from evermarket.client.contracts import Contract, Contracts
from evermarket.client.errors import Refused, Retryable, never_received, of_rejected, throttled
from evermarket.client.orders import Order
from evermarket.client.reports import Fill, Operation, OrdStatus, Report, Trade
from evermarket.client.words import price_of
from evermarket.records import LAYOUT, Kind, Records
from evermarket.records.kinds import Category, Flag, Investor, OpenClose, OrdType, Segment, Side, Tif
from evermarket.records.session import FIRST_SESSION_KIND, SESSION_LAYOUT, FlowFlag, SessionKind

Values = dict[str, int | bytes]
_CHANGED: Final = (Kind.REDUCED, Kind.REPRICED, Kind.CANCELLED, Kind.CONVERTED)
_ECHOES: Final = (Kind.ACCEPTED, Kind.QUOTED)
"""Kinds whose flags are their command's: bit 64 there is DELETE_AT_SWITCH, not PUBLIC."""


class Holdings:
    """Folds one line's flow."""

    def __init__(self, line: int, contracts: Contracts) -> None:
        self.line = line
        self.contracts = contracts
        self.fills: list[Fill] = []
        self.position = 0
        self._of_no: dict[int, Trade] = {}
        self._no_of: dict[int, int] = {}
        self._waiting: dict[int, Trade] = {}

    def trades(self) -> list[Trade]:
        """Every order of the day as it stands, in the order of their numbers, then those without one."""
        return [*self._of_no.values(), *self._waiting.values()]

    def trade(self, cl_ord_id: int) -> Trade | None:
        """The order that was sent under this id, as it stands."""
        return self._waiting.get(cl_ord_id) or self._of_no.get(self._no_of.get(cl_ord_id, 0))

    def sent(self, trade: Trade) -> None:
        """An order is on its way."""
        self._waiting[trade.cl_ord_id] = trade

    def step(self, records: Records) -> list[Report]:
        """What these records say, one report each."""
        return [self._report(records[at : at + 1]) for at in range(len(records))]

    def _report(self, row: Records) -> Report:
        number = int(row["kind"][0])
        if number >= FIRST_SESSION_KIND:
            return self._session(SessionKind(number), _values(row.view(SESSION_LAYOUT[SessionKind(number)])))
        kind = Kind(number)
        values = _values(row.view(LAYOUT[kind]))
        position, flags = _int(values, "position"), _int(values, "flags")
        is_public = bool(flags & FlowFlag.PUBLIC) and kind not in _ECHOES
        is_old = position <= self.position
        self.position = max(self.position, position)
        report = Report(
            kind=kind,
            operation=Operation(op_type=kind.name),
            contract=self._contract(values),
            cl_ord_id=0 if is_public else _int(values, "cl_ord_id"),
            position=position,
            time_ns=_int(values, "time"),
            is_repeat=bool(flags & FlowFlag.REPEAT),
            is_public=is_public,
            values=values,
        )
        return report if is_public else self._own(report, is_old=is_old)

    def _own(self, report: Report, *, is_old: bool) -> Report:
        kind = report.kind
        if kind is Kind.ACCEPTED:
            return self._accepted(report)
        if kind is Kind.REJECTED:
            return self._rejected(report)
        if kind in _CHANGED:
            return self._changed(report, is_old=is_old)
        if kind is Kind.TRADED:
            return report if is_old else self._traded(report)
        return report

    # --- one kind each --------------------------------------------------------------------------------------------

    def _accepted(self, report: Report) -> Report:
        order_no, cl_ord_id = _int(report.values, "order_no"), report.cl_ord_id
        known = self._of_no.get(order_no)
        if known is not None:
            return replace(report, trade=known)
        sent = self._waiting.pop(cl_ord_id, None)
        qty = _int(report.values, "qty")
        trade = Trade(
            contract=self.contracts[_int(report.values, "instrument")],
            order=sent.order if sent else order_of(report.values),
            cl_ord_id=cl_ord_id,
            line=self.line,
            order_no=order_no,
            status=OrdStatus.NEW,
            qty=qty,
            leaves_qty=qty,
            price=price_of(_int(report.values, "price")),
            attributes=_int(report.values, "attributes"),
            position=report.position,
        )
        self._no_of.setdefault(cl_ord_id, order_no)
        return replace(report, trade=self._keep(trade))

    def _rejected(self, report: Report) -> Report:
        v = report.values
        error = of_rejected(_int(v, "code"), _int(v, "value"), _int(v, "bound"), report.cl_ord_id)
        operation = _operation(Kind(_int(v, "command")).name, error)
        trade = self._failed(report.cl_ord_id, error, report.position)
        return replace(report, operation=operation, trade=trade, error=error)

    def _failed(self, cl_ord_id: int, error: Refused | Retryable, position: int) -> Trade | None:
        sent = self._waiting.get(cl_ord_id)
        if sent is None:
            return None
        self._waiting[cl_ord_id] = replace(
            sent, status=OrdStatus.REJECTED, leaves_qty=0, error=error, position=position or sent.position
        )
        return self._waiting[cl_ord_id]

    def _changed(self, report: Report, *, is_old: bool) -> Report:
        trade = self._of_no.get(_int(report.values, "order_no"))
        if trade is None or is_old:
            return replace(report, trade=trade)
        leaves, cum = _int(report.values, "leaves"), _int(report.values, "cum")
        changed = replace(
            trade,
            leaves_qty=leaves,
            cum_qty=cum,
            price=price_of(_int(report.values, "price")) if report.kind is not Kind.CANCELLED else trade.price,
            status=OrdStatus.CANCELED if leaves == 0 else _status(cum),
            position=report.position,
        )
        return replace(report, trade=self._keep(changed))

    def _traded(self, report: Report) -> Report:
        """Both sides may be ours; the report's trade is the one that was hit last."""
        fills, trade, v = [], None, report.values
        for side, name in ((Side.BUY, "buy"), (Side.SELL, "sell")):
            known = self._of_no.get(_int(v, f"{name}_no"))
            if known is None:
                continue
            leaves, cum = _int(v, f"{name}_leaves"), _int(v, f"{name}_cum")
            status = OrdStatus.FILLED if leaves == 0 else _status(cum)
            trade = self._keep(replace(known, leaves_qty=leaves, cum_qty=cum, status=status, position=report.position))
            fills.append(_fill(report, known, side))
        self.fills += fills
        return replace(report, trade=trade, fills=tuple(fills))

    def _session(self, kind: SessionKind, values: Values) -> Report:
        """THROTTLED and NEVER_RECEIVED end a command, NOTICE tells of somebody else."""
        cl_ord_id = _int(values, "cl_ord_id")
        error = None
        if kind is SessionKind.THROTTLED:
            error = throttled(cl_ord_id, _int(values, "retry_ns"), _int(values, "rate"))
        elif kind is SessionKind.NEVER_RECEIVED:
            error = never_received(cl_ord_id)
        return Report(
            kind=kind,
            operation=_operation(kind.name, error),
            contract=None,
            trade=self._failed(cl_ord_id, error, 0) if error else None,
            cl_ord_id=cl_ord_id,
            error=error,
            values=values,
        )

    def _contract(self, values: Values) -> Contract | None:
        number = _int(values, "instrument")
        return self.contracts[number] if number else None

    def _keep(self, trade: Trade) -> Trade:
        self._of_no[trade.order_no] = trade
        return trade


def _operation(name: str, error: Refused | Retryable | None) -> Operation:
    return Operation(op_type=name, op_code=error.code, op_msg=error.sentence) if error else Operation(op_type=name)


def order_of(values: Values) -> Order:
    """The order as an ACCEPTED record echoes it: for orders that an earlier life of this client sent."""
    bits, flags = _int(values, "attributes"), _int(values, "flags")
    return Order(
        price_of(_int(values, "price")),
        side=Side(_int(values, "side")),
        qty=_int(values, "qty"),
        order_type=OrdType(_int(values, "ord_type")),
        tif=Tif(_int(values, "tif")),
        segment=Segment(bits & 15),
        category=Category(bits >> 4 & 7) if bits >> 4 & 7 in list(Category) else Category.CASH,
        investor=Investor(bits >> 7 & 7) if bits >> 7 & 7 in list(Investor) else None,
        open_close=OpenClose(_int(values, "open_close")) if values["open_close"] else None,
        account=_int(values, "account"),
        is_covered=bool(flags & Flag.COVERED),
        is_deleted_at_switch=bool(flags & Flag.DELETE_AT_SWITCH),
    )


def _fill(report: Report, trade: Trade, side: Side) -> Fill:
    v = report.values
    return Fill(
        contract=trade.contract,
        side=side,
        price=price_of(_int(v, "price")) or Decimal(0),
        qty=_int(v, "qty"),
        trade_no=_int(v, "trade_no"),
        order_no=trade.order_no,
        cl_ord_id=trade.cl_ord_id,
        position=report.position,
        time_ns=report.time_ns,
    )


def _status(cum: int) -> OrdStatus:
    return OrdStatus.PARTIALLY_FILLED if cum else OrdStatus.NEW


def _values(row: Records) -> Values:
    return dict(zip(row.dtype.names or (), row[0].item(), strict=True))


def _int(values: Values, name: str) -> int:
    return int(values.get(name, 0))
