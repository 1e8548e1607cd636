"""Our own files: a folder with `instruments` and `commands`, each CSV (also .csv.gz) or Parquet (docs/day.md).

`day.toml` beside them gives `trading_day` and `zone`. Order references are the writer's own texts; a `new` gives one,
later rows name it. Errors name file, line and column; an unknown code suggests the nearest three.
Invariant: the commands come out in the order of the rows; row n has row number n.
"""

import tomllib
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl

from evermarket.day import commands as say
from evermarket.day.columns import Ints, Table, read_table
from evermarket.day.errors import SourceError
from evermarket.day.own_instruments import Listed, reference_data
from evermarket.day.source import OrderLabels, ReadSource, TradingDay
from evermarket.records import HEADER, LAYOUT, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import Action, Match, Mode, OrdType, Phase, Segment, Side, Tif
from evermarket.records.units import LINE_MAX, QTY_MAX

VERBS: Final = {
    "new": Kind.NEW, "reduce": Kind.REDUCE, "reprice": Kind.REPRICE, "cancel": Kind.CANCEL, "quote": Kind.QUOTE,
    "mass_cancel": Kind.MASS_CANCEL, "phase": Kind.PHASE, "indicate": Kind.INDICATE, "draw": Kind.DRAW,
    "halt": Kind.HALT, "resume": Kind.RESUME,
}  # fmt: skip
ZONE: Final = "Asia/Taipei"

_SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
_OF_ORDER: Final = (Kind.REDUCE, Kind.REPRICE, Kind.CANCEL)
_NUMBERED: Final = (Kind.NEW, Kind.QUOTE)
_SIDES: Final = {"B": Side.BUY, "S": Side.SELL, "buy": Side.BUY, "sell": Side.SELL}
_TYPES: Final = {"limit": OrdType.LIMIT, "market": OrdType.MARKET}
_TIFS: Final = {"ROD": Tif.ROD, "DAY": Tif.ROD, "IOC": Tif.IOC, "FAK": Tif.IOC, "FOK": Tif.FOK}


def commands_file(folder: Path) -> Path | None:
    """The folder's commands, if it has them."""
    return _file(folder, "commands")


def _file(folder: Path, stem: str) -> Path | None:
    return next((p for suffix in _SUFFIXES if (p := folder / f"{stem}{suffix}").is_file()), None)


def read(folder: Path) -> ReadSource:
    """The whole folder."""
    day = _day(folder)
    listing, orders = _file(folder, "instruments"), commands_file(folder)
    if listing is None or orders is None:
        raise SourceError(f"{folder}: instruments.csv or commands.csv is missing")
    listed = Listed.read(listing)
    table = read_table(orders, ["time", "verb"])
    rows = _Commands(table, listed, day)
    commands = rows.build()
    begin = min(day.at("00:00:00"), int(commands["time"][0]) if len(commands) else day.at("00:00:00"))
    reference = reference_data(listed, begin, rows.lines)
    seqs = np.arange(1, len(table) + 1)
    return ReadSource(
        folder.resolve().name, day, listed.instruments, reference, commands, seqs, rows.labels, time_decimals=6
    )


def _day(folder: Path) -> TradingDay:
    path = folder / "day.toml"
    if not path.is_file():
        raise SourceError(f'{folder}: day.toml is missing; it says trading_day = "2026-11-20" and zone = "Asia/Taipei"')
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        zone = str(told.get("zone", ZONE))
        ZoneInfo(zone)
        return TradingDay(date.fromisoformat(str(told["trading_day"])), zone)
    except ZoneInfoNotFoundError:
        raise SourceError(f"day.toml: zone {zone!r} is not known") from None
    except KeyError:
        raise SourceError("day.toml: trading_day is missing") from None
    except ValueError as error:
        raise SourceError(f"day.toml: {error}") from None


class _Commands:
    """The rows of `commands` as records."""

    def __init__(self, table: Table, listed: Listed, day: TradingDay) -> None:
        self._table = table
        self._listed = listed
        self._kinds = table.choice("verb", VERBS)
        self._times = day.midnight_ns + table.clock("time")
        table.rising("time", self._times, "is earlier than")
        self._lines = table.integer("line", 0, LINE_MAX, empty=1)
        self._codes = self._instruments()
        self._segments = table.choice("segment", {s.name: s.value for s in Segment}, empty=Segment.REGULAR)
        self.labels, self._numbers = self._order_numbers()

    @property
    def lines(self) -> dict[int, bool]:
        """Every line that speaks, and whether it quotes."""
        quoting = set(np.unique(self._lines[self._kinds == Kind.QUOTE]).tolist())
        return {line: line in quoting for line in np.unique(self._lines).tolist() if line}

    def _instruments(self) -> Ints:
        codes = self._table.text("code")
        numbers = {one.code: one.number for one in self._listed.instruments}
        needs = np.isin(self._kinds, [k for k in VERBS.values() if k not in (Kind.PHASE, Kind.INDICATE, Kind.DRAW)])
        unknown = ~codes.is_in([*numbers, ""]).to_numpy() | (needs & (codes == "").to_numpy())
        if unknown.any():
            at = int(np.flatnonzero(unknown)[0])
            near = get_close_matches(codes[at], list(numbers), 3, 0.0)
            raise self._table.refuse(at, "code", f"is no code of the instruments; nearest: {', '.join(near)}")
        return codes.replace_strict({**numbers, "": 0}, return_dtype=pl.Int64).to_numpy()

    def _order_numbers(self) -> tuple[OrderLabels, Ints]:
        """Dense numbers: one a new order, two a quote; and for the rows that name an order, its number."""
        refs = self._table.text("ref")
        takes = np.where(self._kinds == Kind.NEW, 1, np.where(self._kinds == Kind.QUOTE, 2, 0))
        first = np.cumsum(takes) - takes + 1
        entering = np.flatnonzero(takes > 0)
        own = refs.gather(entering)
        given = pl.DataFrame({"ref": own, "number": first[entering]}).filter(pl.col("ref") != "")
        if given["ref"].is_duplicated().any():
            twice = refs.is_first_distinct().to_numpy()
            at = int(entering[np.flatnonzero((~twice[entering]) & (own != "").to_numpy())[0]])
            raise self._table.refuse(at, "ref", "was given to an order before")
        naming = np.flatnonzero(np.isin(self._kinds, _OF_ORDER))
        asked = pl.DataFrame({"ref": refs.gather(naming)}).join(given, "ref", how="left", maintain_order="left")
        if asked["number"].null_count():
            at = int(naming[asked["number"].is_null().arg_max() or 0])
            raise self._table.refuse(at, "ref", "is the ref of no order in this file")
        numbers = np.where(takes > 0, first, 0)
        numbers[naming] = asked["number"].to_numpy()
        labels = np.repeat(own.to_numpy(), takes[entering])
        return OrderLabels(pl.Series(["", *labels.tolist()], dtype=pl.String)), numbers

    def build(self) -> Records:
        """All commands, in row order."""
        rows = blank(Kind.NEW, len(self._table))
        rows["kind"] = self._kinds
        rows["time"] = self._times
        rows["instrument"] = self._codes
        rows["attributes"] = np.where(self._codes > 0, self._segments, 0)
        ours = self._kinds < Kind.PHASE
        rows["line"][ours] = self._lines[ours]
        rows["cl_ord_id"][ours] = np.arange(1, len(rows) + 1)[ours]
        named = ours & (self._kinds != Kind.MASS_CANCEL)
        rows["order_no"][named] = self._numbers[named]
        for fill in (self._new, self._amend, self._quote, self._mass, self._phase, self._draw):
            fill(rows)
        return rows.view(HEADER)

    def _is(self, *kinds: Kind) -> Any:
        return np.flatnonzero(np.isin(self._kinds, kinds))

    def _part(self, where: Any) -> Table:
        """Only some rows, whose columns are then read strictly; line numbers in messages stay those of the file."""
        return self._table.only(where)

    def _new(self, rows: Records) -> None:
        where = self._is(Kind.NEW)
        part = self._part(where)
        rows["side"][where] = part.choice("side", _SIDES)
        rows["price"][where] = part.price("price", may_be_empty=True)
        rows["qty"][where] = part.integer("qty", 0, QTY_MAX)
        rows["ord_type"][where] = part.choice("type", _TYPES, empty=OrdType.LIMIT)
        rows["tif"][where] = part.choice("tif", _TIFS, empty=Tif.ROD)
        rows["account"][where] = part.integer("account", 0, 2**32 - 1, empty=0)

    def _amend(self, rows: Records) -> None:
        where = self._is(Kind.REDUCE)
        rows["price"][where] = NO_PRICE
        rows["qty"][where] = self._part(where).integer("qty", 0, QTY_MAX)
        where = self._is(Kind.REPRICE)
        rows["price"][where] = self._part(where).price("price")

    def _quote(self, rows: Records) -> None:
        where = self._is(Kind.QUOTE)
        part, quotes = self._part(where), rows.view(LAYOUT[Kind.QUOTE])
        tifs = part.choice("tif", _TIFS, empty=Tif.ROD)
        rows["side"][where] = 0  # the byte is the quote's time in force
        quotes["tif"][where] = tifs
        for side in ("bid", "ask"):
            quotes[f"{side}_price"][where] = part.price(f"{side}_price", may_be_empty=True)
            quotes[f"{side}_qty"][where] = part.integer(f"{side}_qty", 0, QTY_MAX, empty=0)

    def _mass(self, rows: Records) -> None:
        where = self._is(Kind.MASS_CANCEL)
        rows["side"][where] = self._part(where).choice("side", _SIDES, empty=0)

    def _phase(self, rows: Records) -> None:
        phases = rows.view(LAYOUT[Kind.PHASE])
        where = self._is(Kind.PHASE)
        part = self._part(where)
        labels = part.choice("phase", {p.name: p.value for p in Phase})
        modes = part.choice("mode", {m.name: m.value for m in Mode}, empty=0)
        modes = np.where(modes > 0, modes, [say.usual_mode(int(label)) for label in labels])
        phases["code"][where] = labels
        phases["mode"][where] = modes
        phases["match"][where] = part.choice("match", {m.name: m.value for m in Match}, empty=0)
        phases["allow"][where] = [say.usual_allow(int(mode)) for mode in modes]
        phases["actions"][where] = part.flags("actions", {a.name or "": a.value for a in Action})
        scoped = self._is(Kind.PHASE, Kind.INDICATE)
        groups = self._part(scoped).integer("group", 1, 4095, empty=1)
        phases["group"][scoped] = np.where(self._codes[scoped] > 0, 0, groups)

    def _draw(self, rows: Records) -> None:
        where = self._is(Kind.DRAW)
        part, draws = self._part(where), rows.view(LAYOUT[Kind.DRAW])
        draws["seed"][where] = part.integer("qty", 0, 2**62)
        draws["group"][where] = np.where(self._codes[where] > 0, 0, part.integer("group", 1, 4095, empty=1))
