"""A day of one Shanghai security from its full order flow (`orders.csv`, `.csv.gz` or `.parquet` in a folder).

Columns: seq, time, action (N new, C cancel), order_no, side (B, S), price (empty for C), qty. Beside it may lie
`snapshots.csv`, of which only `prev_close` is read: with it come limits of 10 %. The folder is called DATE_CODE.
Phases are put in by time: 09:15 opening call, 09:20 call without cancels, 09:25 opening auction, 09:30 continuous,
11:30 to 13:00 lunch, 14:57 closing call without cancels, 15:00 closing auction and end. In the calls an indicative
price is asked for every three seconds, as this exchange publishes it.
Known gap: rows are fed as they stand; an order whose limit price the feed never showed carries the last price it paid.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from evermarket.day import commands as say
from evermarket.day.columns import Ints, Table, read_table
from evermarket.day.errors import SourceError
from evermarket.day.source import Instrument, OrderLabels, ReadSource, TradingDay
from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import Action, Allow, BookFlag, Match, Mode, OrdType, Phase, Tif
from evermarket.records.raw import join, put_in
from evermarket.records.units import QTY_MAX

NEEDED: Final = ("seq", "time", "action", "order_no", "side", "price", "qty")
TICK: Final = 100
LOT: Final = 100
LIMIT_PERCENT: Final = 10
INDICATE_SECONDS: Final = 3

_NAME: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})_(\w+)")
_PLACES: Final = ("orders.csv.gz", "orders.csv", "orders.parquet")


def orders_file(folder: Path) -> Path | None:
    """The folder's order file, if it has one."""
    return next((folder / name for name in _PLACES if (folder / name).is_file()), None)


def read(folder: Path, indicate_after: Sequence[int] | None = None) -> ReadSource:
    """The whole day. `indicate_after`: row numbers after which to ask for indicative prices, instead of by time."""
    named = _NAME.fullmatch(folder.resolve().name)
    if named is None:
        raise SourceError(f"{folder}: the folder is not called DATE_CODE, such as 2023-02-01_600519")
    day = TradingDay(date(int(named[1]), int(named[2]), int(named[3])), "Asia/Shanghai")
    found = orders_file(folder)
    if found is None:
        raise SourceError(f"{folder}: holds none of {', '.join(_PLACES)}")
    table = read_table(found, NEEDED)
    seqs = table.integer("seq", 1, 2**62)
    table.rising("seq", seqs, "is smaller than")
    flow, labels = _flow(table, day, seqs)
    flow, seqs = _with_phases(flow, seqs, day)
    flow, seqs = _with_indications(flow, seqs, day, indicate_after)
    code = named[4]
    start = day.at("09:00:00")
    reference = join(
        [say.tick_table(start, [(0, TICK)]), say.line(start), say.book(start, _book(code, previous_close(folder)))]
    )
    return ReadSource(f"{code} on {day.day}", day, [Instrument(1, code)], reference, flow, seqs, labels)


def _flow(table: Table, day: TradingDay, seqs: Ints) -> tuple[Records, OrderLabels]:
    """NEW and CANCEL in row order; orders get dense numbers, and remember their own."""
    is_new = table.choice("action", {"N": 1, "C": 0}) == 1
    own = table.integer("order_no", 1, 2**62)
    times = day.midnight_ns + table.clock("time")
    table.rising("time", times, "is earlier than")
    prices = table.price("price", may_be_empty=True)
    lacking = np.flatnonzero(is_new & (prices == NO_PRICE))
    if len(lacking):
        raise table.refuse(int(lacking[0]), "price", "is missing: a new order has a price")
    rows = blank(Kind.NEW, len(table))
    rows["kind"] = np.where(is_new, Kind.NEW, Kind.CANCEL)
    rows["time"] = times
    rows["instrument"] = 1
    rows["attributes"] = 1
    rows["cl_ord_id"] = np.arange(1, len(table) + 1)
    rows["line"] = say.LINE
    rows["order_no"] = _dense(table, own, is_new)
    sides = table.choice("side", {"B": 1, "S": 2})
    qtys = table.integer("qty", 1, QTY_MAX)
    new = np.flatnonzero(is_new)
    for name, values in (("price", prices), ("qty", qtys), ("side", sides)):
        rows[name][new] = values[new]
    rows["ord_type"][new] = OrdType.LIMIT
    rows["tif"][new] = Tif.ROD
    labels = pl.Series(np.concatenate([np.zeros(1, np.int64), own[new]]))
    return rows.view(HEADER), OrderLabels(labels)


def _dense(table: Table, own: Ints, is_new: np.typing.NDArray[np.bool_]) -> Ints:
    """Our number of the order each row speaks of."""
    new = np.flatnonzero(is_new)
    named = own[new]
    order = np.argsort(named, kind="stable")
    sorted_own = named[order]
    twice = np.flatnonzero(np.diff(sorted_own) == 0)
    if len(twice):
        raise table.refuse(int(new[order[twice[0] + 1]]), "order_no", "was given to an order before")
    at = np.minimum(np.searchsorted(sorted_own, own), max(len(named) - 1, 0))
    unknown = np.flatnonzero(sorted_own[at] != own) if len(named) else np.arange(len(own))
    if len(unknown):
        raise table.refuse(int(unknown[0]), "order_no", "is the number of no order in this file")
    return (order[at] + 1).astype(np.int64)


def _with_phases(flow: Records, seqs: Ints, day: TradingDay) -> tuple[Records, Ints]:
    """Each phase before the first row at or after its time."""
    phases = timetable(day)
    at = np.searchsorted(flow["time"], phases["time"], side="left")
    return put_in(flow, at, phases), np.insert(seqs, at, 0)


def timetable(day: TradingDay) -> Records:
    """The day's phases (SSE trading rules 3.1, 3.6)."""
    call = int(Allow.LIMIT_ROD)
    cancellable = call | int(Allow.CANCEL)
    trading = int(Allow.LIMIT_ROD | Allow.CANCEL)
    first = {"match": Match.UNCROSS, "actions": Action.FIRST_MATCH}
    return join(
        [
            say.phase(day.at("09:15:00"), Phase.OPEN_CALL, allow=cancellable),
            say.phase(day.at("09:20:00"), Phase.NO_CANCEL_CALL, allow=call),
            say.phase(day.at("09:25:00"), Phase.PRE_OPEN, mode=Mode.SHUT, allow=0, **first),  # type: ignore[arg-type]
            say.phase(day.at("09:30:00"), Phase.CONTINUOUS, allow=trading),
            say.phase(day.at("11:30:00"), Phase.LUNCH),
            say.phase(day.at("13:00:00"), Phase.CONTINUOUS, allow=trading),
            say.phase(day.at("14:57:00"), Phase.CLOSE_CALL, allow=call),
            say.end_of_day(day.at("15:00:00")),
        ]
    )


def _with_indications(flow: Records, seqs: Ints, day: TradingDay, after: Sequence[int] | None) -> tuple[Records, Ints]:
    if after is None:
        times = np.concatenate([_every(day, "09:15:00", "09:25:00"), _every(day, "14:57:00", "15:00:00")])
        at = np.searchsorted(flow["time"], times, side="left")
    else:
        rows = np.flatnonzero(seqs > 0)
        chosen = rows[np.searchsorted(seqs[rows], np.asarray(after, np.int64), side="right") - 1]
        times = flow["time"][chosen]
        at = chosen + 1
    return put_in(flow, at, say.indicate(times)), np.insert(seqs, at, 0)


def _every(day: TradingDay, begin: str, end: str) -> Ints:
    step = INDICATE_SECONDS * 1_000_000_000
    return np.arange(day.at(begin) + step, day.at(end), step, dtype=np.int64)


def _book(code: str, previous: int) -> say.Book:
    rules = int(BookFlag.SELL_ODD | BookFlag.TIE_MIDDLE)
    bare = say.Book(1, code, lot=LOT, rules=rules)
    if previous == NO_PRICE:
        return bare
    move = [previous * (100 + sign * LIMIT_PERCENT) for sign in (1, -1)]
    up, down = ((2 * value + 100 * TICK) // (200 * TICK) * TICK for value in move)  # half up to the tick
    return replace(bare, reference=previous, limit_up=up, limit_down=down, previous_close=previous)


def previous_close(folder: Path) -> int:
    """From the exchange's own snapshots beside the orders; NO_PRICE without them."""
    for name in ("snapshots.csv.gz", "snapshots.csv"):
        if (folder / name).is_file():
            table = read_table(folder / name, ["prev_close"])
            return int(table.price("prev_close")[0]) if len(table) else NO_PRICE
    return NO_PRICE
