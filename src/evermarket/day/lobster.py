"""LOBSTER message files: the visible order flow of one Nasdaq security, from a known book on.

Columns: time (seconds after midnight), type, order_id, size, price (dollar x 10 000), direction (of the resting order).
Types: 1 new, 2 partial cancel -> REDUCE, 3 delete -> CANCEL, 4 execution -> an IOC from the other side for that size at
that price (the file never names the aggressor), 5 hidden execution: nothing, 7 halt: price -1 halts, 1 resumes.
The first row of the book file beside it is the state after the first message: its levels become orders of their own,
and stand in for every order that was there before the file begins. Row n of the message file has row number n.
Known gap: levels beyond the book file's depth are unknown at the start.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from evermarket.day import commands as say
from evermarket.day.columns import Ints, Table, read_table
from evermarket.day.errors import SourceError
from evermarket.day.source import Instrument, OrderLabels, ReadSource, TradingDay
from evermarket.records import HEADER, LAYOUT, NO_PRICE, Kind, blank
from evermarket.records.kinds import ALLOW_MANAGE, OrdType, Phase, Side, Tif
from evermarket.records.raw import join
from evermarket.records.units import PRICE_MAX, QTY_MAX

COLUMNS: Final = ("time", "type", "order_id", "size", "price", "direction")
TICK: Final = 100
SAMPLE_DAY: Final = date(2012, 6, 21)
"""The day of every free sample, for files whose name has lost it."""

NEW, PARTIAL, DELETE, EXECUTION, HIDDEN, CROSS, HALT = 1, 2, 3, 4, 5, 6, 7

_NAME: Final = re.compile(r"([A-Z.]+)_(\d{4}-\d{2}-\d{2})_.*message")
_MESSAGE: Final = re.compile(r"(.*_)?message_.*\.csv(\.gz)?")


def is_message_file(path: Path) -> bool:
    """By its name, as LOBSTER gives it."""
    return _MESSAGE.fullmatch(path.name) is not None


def message_file(folder: Path) -> Path | None:
    """The folder's message file, if it has one."""
    return next((path for path in sorted(folder.iterdir()) if is_message_file(path)), None)


def read(path: Path) -> ReadSource:
    """The whole file, with the book file of the same name beside it."""
    named = _NAME.match(path.name)
    code = named[1] if named else path.resolve().parent.name.removeprefix("lobster_").upper()
    day = TradingDay(date.fromisoformat(named[2]) if named else SAMPLE_DAY, "America/New_York")
    messages = _open(path, COLUMNS)
    if not len(messages):
        raise SourceError(f"{path.name}, line 1: the file is empty")
    flow = _Flow(day, messages)
    flow.start(_open(path.with_name(path.name.replace("message", "orderbook")), None))
    flow.follow()
    begin = int(flow.times[0])
    reference = join([say.tick_table(begin, [(0, TICK)]), say.line(begin), say.book(begin, say.Book(1, code))])
    commands, seqs = flow.finish()
    return ReadSource(
        f"{code} on {day.day}", day, [Instrument(1, code)], reference, commands, seqs,
        OrderLabels(pl.Series(flow.labels)), time_decimals=9,
    )  # fmt: skip


def _open(path: Path, header: tuple[str, ...] | None) -> Table:
    if not path.is_file():
        raise SourceError(f"{path.name} is missing: the book after the first message")
    table = read_table(path, [])
    if table.frame.columns[0][:1].isalpha():
        return table
    if header is None:
        width = len(table.frame.columns)
        sides = ("ask_price", "ask_size", "bid_price", "bid_size")
        header = tuple(f"{sides[i % 4]}_{i // 4 + 1}" for i in range(width))
    return read_table(path, [], header=header)


class _Flow:
    """The messages as commands, while it is known which of the source's orders are ours."""

    def __init__(self, day: TradingDay, messages: Table) -> None:
        self.times: Ints = day.midnight_ns + messages.seconds("time")
        messages.rising("time", self.times, "is earlier than")
        self._kinds = messages.integer("type", 1, 7).tolist()
        self._ids = messages.integer("order_id", 0, 2**62).tolist()
        self._sizes = messages.integer("size", 0, QTY_MAX).tolist()
        self._prices = messages.integer("price", -1, PRICE_MAX).tolist()
        self._sides = [Side.BUY if d > 0 else Side.SELL for d in messages.integer("direction", -1, 1)]
        self._rows: list[tuple[int, dict[str, Any]]] = []
        self._levels: dict[tuple[Side, int], int] = {}
        self._numbers: dict[int, int] = {}
        self.labels: list[int] = [0]

    def start(self, book: Table) -> None:
        """One order a level of the first row; the first message is among them."""
        depth = len(book.frame.columns) // 4
        for word, side in (("bid", Side.BUY), ("ask", Side.SELL)):
            for n in range(1, depth + 1):
                price = int(book.integer(f"{word}_price_{n}", -(10**10), 10**10)[0])
                size = int(book.integer(f"{word}_size_{n}", 0, QTY_MAX)[0])
                if size:
                    self._levels[side, price] = self._enter(1, 0, side, price, size, Tif.ROD)

    def _enter(self, row: int, label: int, side: Side, price: int, size: int, tif: Tif) -> int:
        self.labels.append(label)
        number = len(self.labels) - 1
        fields = {"order_no": number, "side": side, "price": price, "qty": size, "tif": tif}
        self._rows.append((row, {"kind": Kind.NEW, "ord_type": OrdType.LIMIT, **fields}))
        return number

    def follow(self) -> None:
        """Every message after the first."""
        for at in range(1, len(self.times)):
            kind, own, side, price = self._kinds[at], self._ids[at], self._sides[at], self._prices[at]
            size = self._sizes[at]
            if kind == NEW:
                self._numbers[own] = self._enter(at + 1, own, side, price, size, Tif.ROD)
            elif kind == EXECUTION:
                other = Side.SELL if side == Side.BUY else Side.BUY
                self._enter(at + 1, 0, other, price, size, Tif.IOC)
            elif kind in (PARTIAL, DELETE):
                self._take_off(at + 1, own, side, price, size, whole=kind == DELETE)
            elif kind == HALT and price in (-1, 1):
                halt = Kind.HALT if price < 0 else Kind.RESUME
                self._rows.append((at + 1, {"kind": halt, "allow": int(ALLOW_MANAGE)}))

    def _take_off(self, row: int, own: int, side: Side, price: int, size: int, *, whole: bool) -> None:
        number = self._numbers.get(own)
        if whole and number is not None:
            self._rows.append((row, {"kind": Kind.CANCEL, "order_no": number}))
            return
        number = number or self._levels.get((side, price))
        if number is not None:
            fields = {"kind": Kind.REDUCE, "order_no": number, "qty": size, "price": NO_PRICE}
            self._rows.append((row, fields))

    def finish(self) -> tuple[Any, Ints]:
        """All commands between the phases, and their row numbers."""
        seqs = np.asarray([row for row, _ in self._rows], np.int64)
        parts = [say.phase(int(self.times[0]), Phase.CONTINUOUS)]
        for count, (row, fields) in enumerate(self._rows, 1):
            command = blank(fields["kind"])
            command["time"] = self.times[row - 1]
            command["instrument"] = 1
            command["attributes"] = 1
            if "cl_ord_id" in LAYOUT[fields["kind"]].names:  # type: ignore[operator]
                command["cl_ord_id"] = count
                command["line"] = say.LINE
            for name, value in fields.items():
                command[name] = value
            parts.append(command.view(HEADER))
        parts.append(say.end_of_day(int(self.times[-1]), uncross=False))
        return join(parts), np.concatenate([[0], seqs, [0]]).astype(np.int64)
