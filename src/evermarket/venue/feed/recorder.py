"""The public day as files: trades and level quotes in Parquet, with checksums and counts (docs/feed.md, section 7).

A reader of the channel by level like any other. Files lie under `trades/` and `quotes/`, in `market=` and
`trading_day=` folders; each has a `.sha256` beside it, and `manifest.json` says how many rows, shares and sequences
there are. Prices are Decimal(18, 4), absent ones null; `ts` UTC nanoseconds. Memory is bounded by `part_rows`.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evermarket.records import NO_PRICE, PRICE_SCALE, Records
from evermarket.records.feed import BOOK, LEVEL, TRADE, FeedKind, LevelFlag
from evermarket.records.kinds import Aggressor, Segment, Side, TradeKind
from evermarket.records.raw import WHOLE
from evermarket.venue.feed.packets import Day, joined

PART_ROWS: Final = 2**20
PRICE: Final = pl.Decimal(18, 4)
TABLES: Final = ("trades", "quotes")


class RecorderGapError(ValueError):
    """A sequence is missing: what would be written would look whole and not be."""


class Recorder:
    """Writes one partition's day. `take` in sequence, then `close`.

    Raises FileExistsError if the day lies there already: a fold is made again, never continued.
    """

    def __init__(self, folder: Path, market: str, day: Day, *, part_rows: int = PART_ROWS) -> None:
        self.market, self.day, self.part_rows = market, day, part_rows
        self.last = 0
        self._folders = {
            table: folder / table / f"market={market}" / f"trading_day={day.trading_day}" / f"partition={day.partition}"
            for table in TABLES
        }
        for path in self._folders.values():
            path.mkdir(parents=True)
        self._manifest = folder / f"{market}_{day.trading_day}_p{day.partition}.manifest.json"
        self._symbols: dict[tuple[int, int], str] = {}
        self._waiting: dict[str, list[Records]] = {table: [] for table in TABLES}
        self._rows = dict.fromkeys(TABLES, 0)
        self._files: list[dict[str, Any]] = []
        self._ended = False

    def take(self, records: Records) -> None:
        """What comes next on the channel by level. Raises RecorderGapError if a sequence is missing."""
        if len(records) == 0:
            return
        first, last = int(records["position"][0]), int(records["position"][-1])
        if first != self.last + 1 or last != self.last + len(records):
            raise RecorderGapError(f"sequences {first} to {last} after {self.last}")
        self.last = last
        whole = np.ascontiguousarray(records).view(WHOLE)
        kinds = records["kind"]
        for book in whole[kinds == FeedKind.BOOK].view(BOOK):
            key = int(book["instrument"]), int(book["attributes"])
            self._symbols[key] = bytes(book["symbol"]).decode("utf-8", "replace") or str(key[0])
        self._ended = self._ended or bool(np.any(kinds == FeedKind.END_OF_DAY))
        for table, kind, dtype in (("trades", FeedKind.TRADE, TRADE), ("quotes", FeedKind.LEVEL, LEVEL)):
            rows = whole[kinds == kind].view(dtype)
            if len(rows):
                self._waiting[table].append(rows)
                self._rows[table] += len(rows)
            if self._rows[table] >= self.part_rows:
                self._write(table)

    def stand(self, snapshot: Records, at: int) -> None:
        """A reader jumped: raises RecorderGapError, always."""
        raise RecorderGapError(f"sequences {self.last + 1} to {at} never came")

    def close(self) -> dict[str, Any]:
        """Write what waits and the manifest; gives the manifest."""
        for table in TABLES:
            self._write(table)
        manifest = {
            "market": self.market,
            "trading_day": self.day.trading_day,
            "partition": self.day.partition,
            "first_seq": 1 if self.last else 0,
            "last_seq": self.last,
            "is_whole_day": self._ended,
            "rows": {table: sum(one["rows"] for one in self._files if one["table"] == table) for table in TABLES},
            "files": self._files,
        }
        _replace(self._manifest, (json.dumps(manifest, indent=2) + "\n").encode())
        return manifest

    def _write(self, table: str) -> None:
        parts = self._waiting[table]
        if not parts:
            return
        rows = joined(parts).view(parts[0].dtype)
        self._waiting[table], self._rows[table] = [], 0
        frame = self._trades(rows) if table == "trades" else self._quotes(rows)
        number = sum(1 for one in self._files if one["table"] == table) + 1
        name = f"{self.market}_{table}_{self.day.trading_day}_{number:04d}.parquet"
        path = self._folders[table] / name
        begun = path.with_suffix(".tmp")
        frame.write_parquet(begun)
        digest = hashlib.sha256(begun.read_bytes()).hexdigest()
        os.replace(begun, path)
        _replace(path.with_name(f"{name}.sha256"), f"{digest}  {name}\n".encode())
        self._files.append(
            {
                "table": table,
                "name": name,
                "rows": len(rows),
                "qty": int(rows["qty"].astype(np.int64).sum()),
                "first_seq": int(rows["position"][0]),
                "last_seq": int(rows["position"][-1]),
                "sha256": digest,
            }
        )

    def _head(self, rows: Records) -> list[pl.Series]:
        keys = zip(rows["instrument"].tolist(), rows["attributes"].tolist(), strict=True)
        symbols = [self._symbols.get(key, str(key[0])) for key in keys]
        return [
            pl.Series("seq", rows["position"].astype(np.int64)),
            pl.Series("ts", rows["time"].astype(np.int64)).cast(pl.Datetime("ns", "UTC")),
            pl.Series("symbol", symbols, dtype=pl.String),
            _word("segment", rows["attributes"], {int(one): one.name for one in Segment}),
            _price("price", rows["price"]),
            pl.Series("qty", rows["qty"].astype(np.int64)),
        ]

    def _trades(self, rows: Records) -> pl.DataFrame:
        return pl.DataFrame(
            [
                *self._head(rows),
                pl.Series("trade_no", rows["trade_no"].astype(np.int64)),
                pl.Series("volume", rows["volume"].astype(np.int64)),
                _word("aggressor", rows["flags"], {int(one): one.name for one in Aggressor}),
                _word("kind", rows["code"], {int(one): one.name for one in TradeKind}),
            ]
        )

    def _quotes(self, rows: Records) -> pl.DataFrame:
        return pl.DataFrame(
            [
                *self._head(rows),
                _word("side", rows["side"], {int(one): one.name for one in Side}),
                pl.Series("level", rows["level"].astype(np.int64)),
                pl.Series("count", rows["count"].astype(np.int64)),
                pl.Series("is_simulated", (rows["flags"] & LevelFlag.SIMULATED) != 0),
                pl.Series("is_last", (rows["flags"] & LevelFlag.LAST) != 0),
            ]
        )


def _price(name: str, values: npt.NDArray[Any]) -> pl.Series:
    """Exactly: through decimals, never through a float."""
    whole = pl.Series(name, values.astype(np.int64))
    absent = whole.set(whole == NO_PRICE, None)
    return (absent.cast(pl.Decimal(38, 4)) / PRICE_SCALE).cast(PRICE)


def _word(name: str, values: npt.NDArray[Any], words: dict[int, str]) -> pl.Series:
    texts = [words.get(value) for value in values.tolist()]
    return pl.Series(name, texts, dtype=pl.Enum(list(words.values())))


def _replace(path: Path, data: bytes) -> None:
    begun = path.with_name(f"{path.name}.tmp")
    begun.write_bytes(data)
    os.replace(begun, path)
