"""The securities of our own files: `instruments.csv` or `.parquet`, a row a book (docs/day.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from evermarket.day import commands as say
from evermarket.day.columns import Table, read_table
from evermarket.day.errors import SourceError
from evermarket.day.source import Instrument
from evermarket.records import HEADER, Kind, Records, blank
from evermarket.records.kinds import BookFlag, Product, Right, Segment
from evermarket.records.raw import join
from evermarket.records.units import INSTRUMENT_MAX, QTY_MAX, SECOND_NS

TICK_DEFAULT: Final = "0.01"


@dataclass(frozen=True, slots=True)
class Listed:
    """The table of instruments, read: books, their tick tables and their stabilisation sets."""

    instruments: list[Instrument]
    books: list[say.Book]
    ticks: list[tuple[tuple[int, int], ...]]
    sets: list[tuple[int, int, int]]

    @classmethod
    def read(cls, path: Path) -> "Listed":
        """Every row, strictly."""
        table = read_table(path, ["code"])
        numbers = _numbers(table)
        names, codes = table.text("name"), table.text("code")
        ticks, of_tick = _ticks(table)
        sets, of_set = _sets(table)
        segments = table.choice("segment", {s.name: s.value for s in Segment}, empty=Segment.REGULAR)
        lots = table.integer("lot", 1, QTY_MAX, empty=1)
        most = table.integer("qty_max", 1, QTY_MAX, empty=QTY_MAX)
        groups = table.integer("group", 1, 4095, empty=1)
        rules = table.flags("rules", {r.name or "": r.value for r in BookFlag})
        products = table.choice("product", {p.name: p.value for p in Product}, empty=Product.STOCK)
        prices = {
            name: table.price(name, may_be_empty=True)
            for name in ("reference", "limit_up", "limit_down", "previous_close")
        }
        books = [
            say.Book(
                numbers[code], code, names[at], segment=int(segments[at]), lot=int(lots[at]), qty_max=int(most[at]),
                group=int(groups[at]), rules=int(rules[at]), product=int(products[at]), table=of_tick[at],
                stabilisation=of_set[at], **{name: int(values[at]) for name, values in prices.items()},
            )
            for at, code in enumerate(codes)
        ]  # fmt: skip
        told = {code: Instrument(number, code) for code, number in numbers.items()}
        for at, code in enumerate(codes):
            told[code] = Instrument(numbers[code], code, names[at])
        return cls(list(told.values()), books, ticks, sets)


def _numbers(table: Table) -> dict[str, int]:
    codes = table.text("code")
    for at, code in enumerate(codes):
        if not code:
            raise table.refuse(at, "code", "is missing")
    numbers = {code: n for n, code in enumerate(dict.fromkeys(codes), 1)}
    if len(numbers) > INSTRUMENT_MAX:
        raise SourceError(f"{table.file}: {len(numbers)} securities, the most is {INSTRUMENT_MAX}")
    return numbers


def _ticks(table: Table) -> tuple[list[tuple[tuple[int, int], ...]], list[int]]:
    """ "0.01", or bands "0:0.01 10:0.05 50:0.1"; equal texts share a table."""
    known: dict[tuple[tuple[int, int], ...], int] = {}
    chosen = []
    for at, text in enumerate(table.text("tick")):
        bands = []
        for word in (text or TICK_DEFAULT).split():
            start, _, tick = word.rpartition(":")
            try:
                bands.append((_units(start or "0"), _units(tick)))
            except ValueError:
                raise table.refuse(at, "tick", "is no tick such as 0.01 or 0:0.01 10:0.05") from None
        chosen.append(known.setdefault(tuple(bands), len(known) + 1))
    return list(known), chosen


def _units(text: str) -> int:
    whole, _, rest = text.partition(".")
    if not (whole + rest).isdigit() or len(rest) > 4:
        raise ValueError(text)
    return int(whole or "0") * 10_000 + int(rest.ljust(4, "0"))


def _sets(table: Table) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Volatility rule of each row: band_permille, window_s, duration_s; band 0 is none."""
    bands = table.integer("band_permille", 0, 1000, empty=0)
    windows = table.integer("window_s", 0, 86_400, empty=300)
    durations = table.integer("duration_s", 1, 86_400, empty=120)
    known: dict[tuple[int, int, int], int] = {}
    chosen = []
    for row in np.stack([bands, windows, durations], axis=1).tolist():
        band, window, duration = row
        chosen.append(known.setdefault((band, window, duration), len(known) + 1) if band else 0)
    return list(known), chosen


def reference_data(listed: Listed, time: int, lines: dict[int, bool]) -> Records:
    """Everything that the day's commands need to be defined before them."""
    parts = [say.tick_table(time, bands, number) for number, bands in enumerate(listed.ticks, 1)]
    for number, quotes in lines.items():
        rights = say.ALL_RIGHTS | (Right.PROVIDER if quotes else 0)
        parts.append(say.line(time, number, rights=int(rights)))
    for number, (band, window, duration) in enumerate(listed.sets, 1):
        rows = blank(Kind.REF_STABILISATION)
        rows["time"], rows["set"] = time, number
        rows["window_ns"], rows["duration_ns"] = window * SECOND_NS, duration * SECOND_NS
        rows["band_permille"] = band
        parts.append(rows.view(HEADER))
    parts += [say.book(time, book) for book in listed.books]
    return join(parts)
