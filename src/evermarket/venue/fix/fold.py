"""The fold of the stream of records into facts (facts.py), and the orders as they stand.

It follows the orders of the lines it was asked about and of no others. It depends on the records alone, so every
gateway that folds the same stream has the same facts in the same order, however the stream is cut. Other lines' records
cost array operations only.
Known gap: off-book trades and quote requests are not told by FIX.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.records import RECORD_BYTES, Kind, Records, blank
from evermarket.records.kinds import FIRST_EVENT, Aggressor, Reason, Side
from evermarket.records.raw import WHOLE
from evermarket.records.units import LINE_MAX
from evermarket.venue.fix.facts import CancelRefused, ExecType, Executed, Fact, MassAnswered, Order, OrdStatus
from evermarket.venue.fix.structs import place, reading

_ORDER_FIELDS: Final = ("instrument", "attributes", "cl_ord_id", "price", "qty", "account", "order_no")
_read_order: Final = reading(Kind.ACCEPTED, "position", "time", *_ORDER_FIELDS, "line", "side", "ord_type", "tif")
_read_rejected: Final = reading(
    Kind.REJECTED,
    *("position", "time", "instrument", "code", "cl_ord_id", "value", "bound", "order_no", "line", "command"),
)
_read_changed: Final = reading(
    Kind.REDUCED, *("position", "time", "kind", "code", "cl_ord_id", "price", "leaves", "order_no", "cum")
)
_read_traded: Final = reading(
    Kind.TRADED,
    *("position", "time", "flags", "price", "qty", "trade_no", "buy_no", "sell_no"),
    *("buy_leaves", "sell_leaves", "buy_cum", "sell_cum"),
)
_read_voided: Final = reading(Kind.TRADE_VOIDED, *("position", "time", "price", "qty", "trade_no", "buy_no", "sell_no"))
_read_mass: Final = reading(
    Kind.MASS_CANCELLED, *("position", "time", "instrument", "cl_ord_id", "count", "line", "side")
)
_read_head: Final = reading(
    Kind.CANCEL, "kind", "line", "side"
)  # of a command of a line; a MASS_CANCEL's lie there too

_NEW, _TRADE = ExecType.NEW, ExecType.TRADE
_BUY, _SELL, _NOBODY = int(Side.BUY), int(Side.SELL), int(Aggressor.NONE)
REQUESTS: Final = (Kind.CANCEL, Kind.REDUCE, Kind.REPRICE)
_OF_A_LINE: Final = (
    *(Kind.ACCEPTED, Kind.REJECTED, Kind.REDUCED, Kind.REPRICED, Kind.CONVERTED, Kind.CANCELLED),
    Kind.MASS_CANCELLED,
)
_BY_LINE: Final = np.isin(np.arange(256), _OF_A_LINE)


def _look() -> np.dtype[np.void]:
    columns = {
        "kind": place(Kind.ACCEPTED, "kind"),
        "line": place(Kind.ACCEPTED, "line"),
        "order_no": place(Kind.ACCEPTED, "order_no"),
        **{f"traded_{name}": place(Kind.TRADED, name) for name in ("buy_no", "sell_no")},
        **{f"voided_{name}": place(Kind.TRADE_VOIDED, name) for name in ("buy_no", "sell_no")},
    }
    formats, offsets = zip(*columns.values(), strict=True)
    return np.dtype({"names": list(columns), "formats": formats, "offsets": offsets, "itemsize": RECORD_BYTES})


_LOOK: Final = _look()
"""What says whether a record is about one of our orders; which of the columns counts depends on the kind."""


class Facts:
    """The fold. Register all receivers before the first record."""

    def __init__(self) -> None:
        self.position = 0
        self.orders: dict[int, Order] = {}
        self.ids: dict[int, dict[int, int]] = {}
        """Line -> client order ids that were answered -> order number, 0 where there is none."""
        self.last_ids: dict[int, int] = {}
        """Line -> the highest client order id of all that were answered."""
        self._receivers: dict[int, list[Callable[[Fact], None]]] = {}
        self._is_ours = np.zeros(LINE_MAX + 536, np.bool_)  # by line number
        self._is_our_order = np.zeros(1 << 16, np.bool_)  # by order number; the last place is of no order
        self._exec_ids: dict[tuple[int, int], str] = {}  # (trade number, order number) -> ExecID
        self._command = blank(Kind.CANCEL).tobytes()
        self._command_at = 0
        self._fold: dict[int, Callable[[bytes, int], None]] = {
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
        return f"<Facts of {len(self._receivers)} lines up to {self.position}, {len(self.orders)} orders>"

    def tell(self, line: int, receiver: Callable[[Fact], None]) -> None:
        """Call the receiver for each fact of a line, in the order of the stream."""
        self._receivers.setdefault(line, []).append(receiver)
        self.ids.setdefault(line, {})
        self.last_ids.setdefault(line, 0)
        self._is_ours[line] = True

    def fold(self, records: Records) -> None:
        """The next records of the stream, commands and events; records of the journal's frame are passed over."""
        if len(records) == 0:
            return
        raw = records.view(WHOLE).tobytes()
        look = np.frombuffer(raw, _LOOK)
        kinds = look["kind"]
        commands = np.flatnonzero(kinds < FIRST_EVENT)
        ours = self._select(look, kinds)
        before = commands[np.searchsorted(commands, ours) - 1] if len(commands) else np.zeros(len(ours), np.int64)
        first = int(commands[0]) if len(commands) else len(records)
        carried = self._command, self._command_at
        for at, command in zip(ours.tolist(), before.tolist(), strict=True):
            self._command, self._command_at = (raw, command * RECORD_BYTES) if at > first else carried
            self._fold[raw[at * RECORD_BYTES + 16]](raw, at * RECORD_BYTES)
        self._command, self._command_at = carried
        if len(commands):
            at = int(commands[-1]) * RECORD_BYTES
            self._command, self._command_at = raw[at : at + RECORD_BYTES], 0
        self.position = max(self.position, int.from_bytes(raw[-RECORD_BYTES : 8 - RECORD_BYTES], "little"))

    def _select(self, look: Records, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """Places of the records about orders of our lines, in their order."""
        of_line = _BY_LINE[kinds] & self._is_ours[look["line"]]
        self._note_orders(look["order_no"][of_line & (kinds == Kind.ACCEPTED)])
        parts = [np.flatnonzero(of_line)]
        for kind, name in ((Kind.TRADED, "traded"), (Kind.TRADE_VOIDED, "voided")):
            rows = np.flatnonzero(kinds == kind)
            if len(rows):
                last = len(self._is_our_order) - 1
                sides = [np.minimum(look[f"{name}_{side}_no"][rows], last) for side in ("buy", "sell")]
                parts.append(rows[self._is_our_order[sides[0]] | self._is_our_order[sides[1]]])
        return parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))

    def _note_orders(self, numbers: npt.NDArray[np.uint32]) -> None:
        if len(numbers) == 0:
            return
        while int(numbers.max()) >= len(self._is_our_order) - 1:
            self._is_our_order = np.concatenate([self._is_our_order, np.zeros_like(self._is_our_order)])
        self._is_our_order[numbers] = True

    def _tell(self, line: int, fact: Fact) -> None:
        for receiver in self._receivers[line]:
            receiver(fact)

    def _asker(self, line: int, cl_ord_id: int) -> int:
        """The id of a request about one order that came from this line; 0 if it was not one."""
        kind, asker, _ = _read_head(self._command, self._command_at)
        return cl_ord_id if asker == line and kind in REQUESTS else 0

    def _answered(self, line: int, cl_ord_id: int, order_no: int) -> None:
        self.ids[line].setdefault(cl_ord_id, order_no)
        self.last_ids[line] = max(self.last_ids[line], cl_ord_id)

    def _accepted(self, raw: bytes, at: int) -> None:
        position, time, order = _order_of(raw, at)
        self.orders[order.no] = order
        self._answered(order.line, order.cl_ord_id, order.no)
        self._tell(order.line, Executed(time, str(position), _NEW, order))

    def _rejected(self, raw: bytes, at: int) -> None:
        position, time, instrument, code, asked, value, bound, no, line, kind = _read_rejected(raw, at)
        is_order = kind == Kind.NEW
        self._answered(line, asked, 0 if is_order else no)
        fact: Fact
        if is_order:
            order = _order_of(self._command, self._command_at)[2]
            order = order.now(asked, order.price, order.qty, 0, 0, 0, OrdStatus.REJECTED)
            fact = Executed(time, str(position), ExecType.REJECTED, order, code=code, value=value, bound=bound)
        elif kind in REQUESTS:
            fact = CancelRefused(time, line, asked, no, self.orders.get(no), Kind(kind), code, value, bound)
        elif kind == Kind.MASS_CANCEL:
            side = _read_head(self._command, self._command_at)[2]
            fact = MassAnswered(time, position, line, asked, instrument, side, 0, code, value, bound)
        else:
            return
        self._tell(line, fact)

    def _changed(self, raw: bytes, at: int) -> None:
        """Reduced, re-priced or converted; the request's id becomes the order's."""
        position, time, kind, _, cl_ord_id, price, leaves, no, cum = _read_changed(raw, at)
        order = self.orders.get(no)
        if order is None:
            return
        asked = self._asker(order.line, cl_ord_id)
        status, what = OrdStatus.PARTLY_FILLED if cum else OrdStatus.NEW, ExecType.REPLACED
        if leaves == 0:
            status, what = OrdStatus.CANCELED, ExecType.CANCELED
        if kind == Kind.CONVERTED:
            what = ExecType.RESTATED
        before = order.cl_ord_id
        order = order.now(before, price, leaves + cum, leaves, cum, order.value, status)
        self.orders[no] = order
        if asked:
            self._answered(order.line, asked, no)
            self.orders[no] = order.now(asked, *order[9:])
        self._tell(order.line, Executed(time, str(position), what, order, asked))

    def _cancelled(self, raw: bytes, at: int) -> None:
        position, time, _, reason, cl_ord_id, _, _, no, _ = _read_changed(raw, at)
        order = self.orders.get(no)
        if order is None:
            return
        asked = self._asker(order.line, cl_ord_id)
        status, what = OrdStatus.CANCELED, ExecType.CANCELED
        if reason == Reason.END_OF_SESSION:
            status, what = OrdStatus.EXPIRED, ExecType.EXPIRED
        order = self.orders[no] = order.over(status)
        if asked:
            self._answered(order.line, asked, no)
        self._tell(order.line, Executed(time, str(position), what, order, asked, reason=reason))

    def _traded(self, raw: bytes, at: int) -> None:
        position, time, flags, price, qty, trade_no, buy, sell, buy_left, sell_left, *cums = _read_traded(raw, at)
        aggressor = flags & 3
        sides = ((_BUY, "B", buy, buy_left, cums[0]), (_SELL, "S", sell, sell_left, cums[1]))
        for side, letter, no, leaves, cum in sides:
            order = self.orders.get(no)
            if order is None:
                continue
            order = self.orders[no] = order.filled(leaves, cum, order.value + price * qty)
            exec_id = self._exec_ids[trade_no, no] = f"{position}{letter}"
            liquidity = "" if aggressor == _NOBODY else "2" if aggressor == side else "1"
            self._tell(
                order.line,
                Executed(time, exec_id, _TRADE, order, 0, price, qty, trade_no, liquidity),
            )

    def _voided(self, raw: bytes, at: int) -> None:
        """The trade is void; quantities stay as the core has them (docs/format.md, section 6.8)."""
        position, time, price, qty, trade_no, buy, sell = _read_voided(raw, at)
        for letter, no in (("B", buy), ("S", sell)):
            order, was = self.orders.get(no), self._exec_ids.get((trade_no, no))
            if order is None or was is None:
                continue
            what = ExecType.TRADE_CANCEL
            self._tell(
                order.line,
                Executed(time, f"{position}{letter}", what, order, 0, price, qty, trade_no, of_exec_id=was),
            )

    def _mass_cancelled(self, raw: bytes, at: int) -> None:
        position, time, instrument, asked, count, line, side = _read_mass(raw, at)
        self._answered(line, asked, 0)
        self._tell(line, MassAnswered(time, position, line, asked, instrument, side, count))


def _order_of(raw: bytes, at: int) -> tuple[int, int, Order]:
    """Position, time and order of an ACCEPTED record, or of a NEW, whose fields lie in the same places."""
    position, time, instrument, attributes, cl_ord_id, price, qty, account, *rest = _read_order(raw, at)
    no, line, side, ord_type, tif = rest
    order = Order(no, line, instrument, attributes, account, side, ord_type, tif, cl_ord_id, price, qty, qty)
    return position, time, order
