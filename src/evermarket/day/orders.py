"""What became of each order: a fold of the stream to one row an order, by order number.

Invariants: a row is written by the NEW or QUOTE that took its number; `filled` is what its last trade said; `price` is
the price it had last. A NEW refused for its number took none and is left out here (it stays among the refusals).
Units: as in the records. Known gap: a quote that was refused shows its two sides as two refused orders.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from evermarket.records import LAYOUT, Code, Kind, Records
from evermarket.records.kinds import OrdType, Side
from evermarket.records.layout import ORDER, REJECT
from evermarket.records.raw import of, rows, take

ROW: Final = np.dtype(
    [
        ("time", "<i8"),
        ("price", "<i8"),
        ("cl_ord_id", "<u8"),
        ("value", "<i8"),
        ("bound", "<i8"),
        ("qty", "<u4"),
        ("filled", "<u4"),
        ("reduced", "<u4"),
        ("cancelled", "<u4"),
        ("account", "<u4"),
        ("instrument", "<u2"),
        ("attributes", "<u2"),
        ("line", "<u2"),
        ("refusal", "<u2"),
        ("side", "u1"),
        ("ord_type", "u1"),
        ("tif", "u1"),
        ("reason", "u1"),
        ("from_quote", "?"),
        ("known", "?"),
    ]
)

_SHARED: Final = ("time", "price", "cl_ord_id", "qty", "account", "instrument", "attributes", "line", "side")
_FIRST_ROWS: Final = 1 << 12

Rows = npt.NDArray[np.void]


class Orders:
    """A sink: the table of all orders, grown by doubling."""

    def __init__(self) -> None:
        self._rows: Rows = np.zeros(_FIRST_ROWS, ROW)
        self._last = 0

    @property
    def rows(self) -> Rows:
        """Row i is order number i; row 0 is empty."""
        return self._rows[: self._last + 1]

    def take(self, stream: Records, digest: int) -> None:
        """Fold a piece: the orders that came, then what happened to them."""
        self._enter(stream)
        self._quote(stream)
        self._refuse(stream)
        self._change(stream)

    def _room(self, highest: int) -> None:
        self._last = max(self._last, highest)
        if self._last >= len(self._rows):
            grown = np.zeros(max(2 * len(self._rows), self._last + 1), ROW)
            grown[: len(self._rows)] = self._rows
            self._rows = grown

    def _enter(self, stream: Records) -> None:
        where = np.flatnonzero(stream["kind"] == Kind.NEW)
        came = rows(stream)[where].view(ORDER)
        if not len(came):
            return
        last = len(stream) - 1
        answer = stream[np.minimum(where + 1, last)]
        numbered = ~((answer["kind"] == Kind.REJECTED) & (answer["code"] == Code.ORDER_NO))
        came = came[numbered]
        numbers = came["order_no"].astype(np.int64)
        if not len(numbers):
            return
        self._room(int(numbers.max()))
        for name in (*_SHARED, "ord_type", "tif"):
            self._rows[name][numbers] = came[name]
        self._rows["known"][numbers] = True

    def _quote(self, stream: Records) -> None:
        quotes = of(stream, Kind.QUOTE)
        for at, side in enumerate((Side.BUY, Side.SELL)):
            word = "bid" if side == Side.BUY else "ask"
            came = quotes[quotes[f"{word}_qty"] > 0]
            self._quote_side(came, came["order_no"].astype(np.int64) + at, word, side)

    def _quote_side(self, came: Records, numbers: npt.NDArray[np.int64], word: str, side: Side) -> None:
        if not len(numbers):
            return
        self._room(int(numbers.max()))
        table = self._rows
        for name in ("time", "cl_ord_id", "instrument", "attributes", "line", "tif"):
            table[name][numbers] = came[name]
        table["price"][numbers] = came[f"{word}_price"]
        table["qty"][numbers] = came[f"{word}_qty"]
        table["side"][numbers] = side
        table["ord_type"][numbers] = OrdType.LIMIT
        table["from_quote"][numbers] = True
        table["known"][numbers] = True

    def _refuse(self, stream: Records) -> None:
        refused = of(stream, Kind.REJECTED)
        entering = np.isin(refused["command"], (Kind.NEW, Kind.QUOTE)) & (refused["code"] != Code.ORDER_NO)
        self._write_refusals(take(refused, entering, REJECT), 0)
        quotes = entering & (refused["command"] == Kind.QUOTE)
        self._write_refusals(take(refused, quotes, REJECT), 1)

    def _write_refusals(self, refused: Records, offset: int) -> None:
        numbers = refused["order_no"].astype(np.int64) + offset
        refused = refused[numbers <= self._last]
        numbers = numbers[numbers <= self._last]
        self._rows["refusal"][numbers] = refused["code"]
        self._rows["value"][numbers] = refused["value"]
        self._rows["bound"][numbers] = refused["bound"]

    def _change(self, stream: Records) -> None:
        table = self._rows
        trades = of(stream, Kind.TRADED)
        table["filled"][trades["buy_no"]] = trades["buy_cum"]
        table["filled"][trades["sell_no"]] = trades["sell_cum"]
        cancelled = of(stream, Kind.CANCELLED)
        table["cancelled"][cancelled["order_no"]] = cancelled["qty"]
        table["reason"][cancelled["order_no"]] = cancelled["code"]
        reduced = of(stream, Kind.REDUCED)
        np.add.at(table["reduced"], reduced["order_no"], reduced["qty"])
        repriced = of(stream, Kind.REPRICED)
        table["price"][repriced["order_no"]] = repriced["price"]


class Kept:
    """A sink: all records of a few kinds, as they came."""

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = kinds
        self._parts: dict[Kind, list[Records]] = {kind: [] for kind in kinds}

    def take(self, stream: Records, digest: int) -> None:
        """Keep a copy of what is of these kinds."""
        kinds = stream["kind"]
        here = np.bincount(kinds, minlength=256)
        for kind in self._kinds:
            if here[kind]:
                self._parts[kind].append(rows(stream)[kinds == kind])

    def of(self, kind: Kind) -> Records:
        """All records of one of the kinds, in order, with its fields."""
        parts = self._parts[kind]
        if len(parts) > 1:
            self._parts[kind] = parts = [np.concatenate(parts)]
        return parts[0].view(LAYOUT[kind]) if parts else np.zeros(0, LAYOUT[kind])
