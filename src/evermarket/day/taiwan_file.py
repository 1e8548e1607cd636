"""A Taiwan order file: 59 bytes a record, a line each, as the exchange sells them (order H1).

date 1-8, code 9-14, side 15, trade type 16 (0 regular, 2 odd lot), time 17-24 hhmmsscc, order number 25-29, what it
changes 30 (1/4 entry, 2/5 quantity, 3/6 cancel), price 31-37, signed quantity 38-48, order kind 49, channel 50,
printer 51-54, investor kind 55, broker 56-59. An order number is unique with its broker and code.
A quantity change takes off as much as its amount says. The file knows no reference prices: there are no limits.
Phases: the exchange's own timetable, 08:30 to 13:30; odd lots 13:40 to 14:30.
Known gaps: block records (trade type 1) are refused; before 2020-03-23 the market matched in intervals, which a file
of orders does not show: here it trades continuously from 09:00.
"""

from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from evermarket.day import commands as say
from evermarket.day.errors import SourceError
from evermarket.day.source import Instrument, Ints, OrderLabels, ReadSource, TradingDay
from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import (
    Action,
    Category,
    Channel,
    Investor,
    Match,
    OrdType,
    Phase,
    Product,
    Segment,
    Side,
    Tif,
)
from evermarket.records.raw import join, put_in
from evermarket.records.units import QTY_MAX
from evermarket.rulebook.ticks import tick_table

BYTES: Final = 59

_FIELDS: Final = {
    "date": (0, 8), "code": (8, 14), "side": (14, 15), "type": (15, 16), "time": (16, 24), "number": (24, 29),
    "change": (29, 30), "price": (30, 37), "qty": (37, 48), "kind": (48, 49), "channel": (49, 50),
    "investor": (54, 55), "broker": (55, 59),
}  # fmt: skip
_KINDS: Final = {"1": Kind.NEW, "4": Kind.NEW, "2": Kind.REDUCE, "5": Kind.REDUCE, "3": Kind.CANCEL, "6": Kind.CANCEL}
_SEGMENTS: Final = {"0": Segment.REGULAR, "2": Segment.ODD_LOT_AFTER}
_SIDES: Final = {"B": Side.BUY, "S": Side.SELL}
_CATEGORIES: Final = {
    "0": Category.CASH, "1": Category.MARGIN, "3": Category.MARGIN, "2": Category.SHORT, "4": Category.SHORT,
    "5": Category.BORROWED, "6": Category.BORROWED_HEDGE,
}  # fmt: skip
_INVESTORS: Final = {"M": Investor.FUND, "F": Investor.FOREIGN, "I": Investor.PERSON, "J": Investor.INSTITUTION}
_CHANNELS: Final = {
    " ": Channel.NORMAL, "V": Channel.VOICE, "I": Channel.INTERNET, "D": Channel.DMA,
    "A": Channel.ATM, "P": Channel.API,
}  # fmt: skip
_LOTS: Final = {Segment.REGULAR: 1000, Segment.ODD_LOT_AFTER: 1}
_MOST: Final = {Segment.REGULAR: 499_000, Segment.ODD_LOT_AFTER: 999}
_GROUPS: Final = {Segment.REGULAR: 1, Segment.ODD_LOT_AFTER: 2}
_STOCK, _FUND = 1, 2


class _Row(NamedTuple):
    """One record, read."""

    time: int
    kind: Kind
    code: str
    segment: Segment
    key: tuple[str, str, str]
    label: str
    side: Side
    price: int
    qty: int
    attributes: int


def is_order_file(path: Path) -> bool:
    """Whether its first line has the length and the date of such a record."""
    with path.open("rb") as file:
        head = file.read(BYTES + 2)
    return len(head) >= BYTES and head[:8].isdigit() and head[BYTES : BYTES + 1] in (b"", b"\n", b"\r")


def read(path: Path) -> ReadSource:
    """The whole file."""
    lines = path.read_text("ascii", errors="replace").splitlines()
    day = TradingDay(_day(path.name, lines), "Asia/Taipei")
    rows = [_parse(path.name, n, line, day) for n, line in enumerate(lines, 1)]
    falls = [n for n in range(1, len(rows)) if rows[n].time < rows[n - 1].time]
    if falls:
        raise _refuse(path.name, falls[0] + 1, lines[falls[0]], "time", "is earlier than the line before it")
    codes = {code: n for n, code in enumerate(sorted({row.code for row in rows}), 1)}
    begin = min(day.at("08:00:00"), rows[0].time)
    reference = _reference(begin, day, codes, {(row.code, row.segment) for row in rows})
    flow, labels = _flow(path.name, rows, lines, codes)
    phases = _phases(day, {row.segment for row in rows})
    at = np.searchsorted(flow["time"], phases["time"], side="left")
    seqs: Ints = np.insert(np.arange(1, len(rows) + 1), at, 0)
    instruments = [Instrument(n, code) for code, n in codes.items()]
    title = f"Taiwan order file {path.name}, {day.day}"
    return ReadSource(
        title, day, instruments, reference, put_in(flow, at, phases), seqs, OrderLabels(labels), time_decimals=2
    )


def _refuse(file: str, n: int, line: str, name: str, why: str) -> SourceError:
    first, last = _FIELDS[name]
    return SourceError(f"{file}, line {n}, bytes {first + 1}-{last} ({name}): {line[first:last]!r} {why}")


def _day(file: str, lines: list[str]) -> date:
    if not lines:
        raise SourceError(f"{file}, line 1: the file is empty")
    text = lines[0][:8]
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise _refuse(file, 1, lines[0], "date", "is not a day yyyymmdd") from None


def _parse(file: str, n: int, line: str, day: TradingDay) -> _Row:
    if len(line) != BYTES:
        raise SourceError(f"{file}, line {n}: {len(line)} bytes, a record has {BYTES}")
    text = {name: line[first:last] for name, (first, last) in _FIELDS.items()}
    if text["date"] != f"{day.yyyymmdd}":
        raise _refuse(file, n, line, "date", f"is not the day of the first line, {day.yyyymmdd}")
    for name, known in (("side", _SIDES), ("type", _SEGMENTS), ("change", _KINDS), ("kind", _CATEGORIES)):
        if text[name] not in known:
            raise _refuse(file, n, line, name, f"is none of {', '.join(known)}")
    clock = text["time"]
    if not clock.isdigit() or not (int(clock[:2]) < 24 and int(clock[2:4]) < 60 and int(clock[4:6]) < 60):
        raise _refuse(file, n, line, "time", "is not a time hhmmsscc")
    whole, _, rest = text["price"].partition(".")
    if not (whole + rest).isdigit() or len(rest) > 4:
        raise _refuse(file, n, line, "price", "is not a decimal price")
    sign, amount = text["qty"][0], text["qty"][1:]
    if sign not in "+-" or not amount.isdigit() or int(amount) > QTY_MAX:
        raise _refuse(file, n, line, "qty", "is not a signed quantity")
    code, broker = text["code"].strip(), text["broker"]
    marks = _CATEGORIES[text["kind"]] << 4 | _INVESTORS.get(text["investor"], 0) << 7
    segment = _SEGMENTS[text["type"]]
    return _Row(
        time=day.at(f"{clock[:2]}:{clock[2:4]}:{clock[4:6]}.{clock[6:]}"),
        kind=_KINDS[text["change"]],
        code=code,
        segment=segment,
        key=(broker, code, text["number"]),
        label=f"{broker}-{text['number']}",
        side=_SIDES[text["side"]],
        price=int(whole) * 10_000 + int(rest.ljust(4, "0")) or NO_PRICE,
        qty=int(amount),
        attributes=segment | marks | _CHANNELS.get(text["channel"], 0) << 10,
    )


def _reference(begin: int, day: TradingDay, codes: dict[str, int], books: set[tuple[str, Segment]]) -> Records:
    parts = [say.line(begin)]
    for number, family in ((_STOCK, "stock"), (_FUND, "fund")):
        bands = tick_table("TWSE", family, day.day).bands
        pairs = [(band.from_price if n else 0, band.tick) for n, band in enumerate(bands)]
        parts.append(say.tick_table(begin, pairs, number))
    for code, segment in sorted(books):
        fund = code.startswith("00")
        book = say.Book(
            codes[code],
            code,
            segment=segment,
            lot=_LOTS[segment],
            qty_max=_MOST[segment],
            group=_GROUPS[segment],
            table=_FUND if fund else _STOCK,
            product=Product.ETF if fund else Product.STOCK,
        )
        parts.append(say.book(begin, book))
    return join(parts)


def _flow(file: str, rows: list[_Row], lines: list[str], codes: dict[str, int]) -> tuple[Records, pl.Series]:
    numbers: dict[tuple[str, str, str], int] = {}
    labels = [""]
    flow = blank(Kind.NEW, len(rows))
    for n, row in enumerate(rows):
        if row.kind == Kind.NEW:
            if row.key in numbers:
                raise _refuse(file, n + 1, lines[n], "number", "was entered before by this broker for this code")
            numbers[row.key] = len(labels)
            labels.append(row.label)
        elif row.key not in numbers:
            raise _refuse(file, n + 1, lines[n], "number", "was never entered by this broker for this code")
        _fill(flow[n : n + 1], n + 1, row, codes[row.code], numbers[row.key])
    return flow.view(HEADER), pl.Series(labels)


def _fill(command: Any, count: int, row: _Row, instrument: int, number: int) -> None:
    values: dict[str, int] = {
        "kind": row.kind, "time": row.time, "instrument": instrument, "attributes": row.attributes,
        "cl_ord_id": count, "line": say.LINE, "order_no": number,
    }  # fmt: skip
    if row.kind == Kind.NEW:
        values |= {"side": row.side, "price": row.price, "qty": row.qty, "ord_type": OrdType.LIMIT, "tif": Tif.ROD}
    elif row.kind == Kind.REDUCE:
        values |= {"price": NO_PRICE, "qty": row.qty}
    for name, value in values.items():
        command[name] = value


def _phases(day: TradingDay, segments: set[Segment]) -> Records:
    parts: list[Records] = []
    if Segment.REGULAR in segments:
        first = Action.FIRST_MATCH
        parts += [
            say.phase(day.at("08:30:00"), Phase.OPEN_CALL),
            say.phase(day.at("09:00:00"), Phase.CONTINUOUS, match=Match.UNCROSS, actions=first),
            say.phase(day.at("13:25:00"), Phase.CLOSE_CALL, actions=Action.PURGE_MARKET),
            say.end_of_day(day.at("13:30:00")),
        ]
    if Segment.ODD_LOT_AFTER in segments:
        parts += [
            say.phase(day.at("13:40:00"), Phase.ODD_LOT_CALL, group=2),
            say.end_of_day(day.at("14:30:00"), group=2),
        ]
    return join(parts)
