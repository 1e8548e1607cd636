"""Text tables (CSV, gzipped CSV, Parquet) to integer columns, exactly: no float ever stands between a text and a price.

Every reading names file, line and column when it refuses. Lines count as an editor shows them: the header is line 1.
Parquet columns may be text, integers or decimals; a float column is refused, because its text would be a guess.
"""

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evermarket.day.errors import SourceError
from evermarket.records import NO_PRICE

Ints = npt.NDArray[np.int64]

_PRICE: Final = r"^\d{1,9}(\.\d{1,4}0*)?$"
_CLOCK: Final = r"^\d{1,2}:\d{2}:\d{2}(\.\d{1,9})?$"
_SECONDS: Final = r"^\d{1,5}(\.\d{1,9})?$"
_NS: Final = 1_000_000_000


def read_table(path: Path, needed: Sequence[str], *, header: Sequence[str] | None = None) -> "Table":
    """A whole file as text columns. `header`: column names of a file that has no header line."""
    if path.suffix == ".parquet":
        frame = _parquet(path)
    else:
        frame = _csv(path, header)
    for name in needed:
        if name not in frame.columns:
            raise SourceError(f"{path.name}, line 1: column {name!r} is missing; there are {', '.join(frame.columns)}")
    return Table(frame, path.name, 1 if header is not None or path.suffix == ".parquet" else 2)


def _csv(path: Path, header: Sequence[str] | None) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema=False, has_header=header is None, new_columns=header)
    except pl.exceptions.NoDataError:
        raise SourceError(f"{path.name}, line 1: the file is empty") from None
    except pl.exceptions.PolarsError as error:
        raise SourceError(_ragged(path) or f"{path.name}: {error}") from None
    return frame.fill_null("")


def _ragged(path: Path) -> str | None:
    """The first line that has not as many fields as the header."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        reader = csv.reader(lines)
        width = len(next(reader, []))
        for fields in reader:
            if len(fields) > width:
                return f"{path.name}, line {reader.line_num}: {len(fields)} fields, the header has {width}"
    return None


def _parquet(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{path.name}: {error}") from None
    for name, dtype in frame.schema.items():
        if dtype.is_float():
            raise SourceError(f"{path.name}, column {name}: {dtype} is not exact; store text, integers or decimals")
    return frame.select(pl.all().cast(pl.String)).fill_null("")


class Table:
    """Text columns of one file and their strict readings."""

    def __init__(self, frame: pl.DataFrame, file: str, first_line: int, at: Ints | None = None) -> None:
        self.frame = frame
        self.file = file
        self._first_line = first_line
        self._at = at

    def __len__(self) -> int:
        return self.frame.height

    def has(self, name: str) -> bool:
        """Whether the file has the column."""
        return name in self.frame.columns

    def text(self, name: str) -> pl.Series:
        """A column as it stands; a column that the file lacks is empty text."""
        if name in self.frame.columns:
            return self.frame[name].str.strip_chars()
        return pl.Series(name, [""] * self.frame.height, pl.String)

    def where(self, row: int, name: str) -> str:
        """The place of a row, for messages."""
        own = row if self._at is None else int(self._at[row])
        return f"{self.file}, line {own + self._first_line}, column {name}"

    def only(self, where: Ints) -> "Table":
        """Some of the rows, which keep their line numbers."""
        return Table(self.frame[pl.Series(where)], self.file, self._first_line, where)

    def refuse(self, row: int, name: str, why: str) -> SourceError:
        """The error that names the place, the text found there and what is wrong with it."""
        return SourceError(f"{self.where(row, name)}: {self.text(name)[row]!r} {why}")

    def _hold(self, good: pl.Series, name: str, why: str) -> None:
        if not good.all():
            raise self.refuse(int((~good).arg_max() or 0), name, why)

    def choice(self, name: str, meanings: Mapping[str, int], *, empty: int | None = None) -> Ints:
        """A small vocabulary; `empty` is what an empty field means, if it may be empty."""
        words = self.text(name).str.to_lowercase()
        known = {word.lower(): value for word, value in meanings.items()}
        if empty is not None:
            known[""] = empty
        self._hold(words.is_in(list(known)), name, f"is none of {', '.join(meanings)}")
        return words.replace_strict(known, return_dtype=pl.Int64).to_numpy().astype(np.int64)

    def flags(self, name: str, meanings: Mapping[str, int]) -> Ints:
        """Words joined by "|" as the sum of their bits; an empty field is 0."""
        known = {word.lower(): value for word, value in meanings.items()}
        values = np.zeros(len(self), np.int64)
        for text in self.text(name).unique().to_list():
            words = [word.strip().lower() for word in text.split("|")] if text else []
            where = np.flatnonzero((self.text(name) == text).to_numpy())
            for word in words:
                if word not in known:
                    raise self.refuse(int(where[0]), name, f"holds {word!r}, which is none of {', '.join(known)}")
                values[where] |= known[word]
        return values

    def integer(self, name: str, low: int, high: int, *, empty: int | None = None) -> Ints:
        """Whole numbers between `low` and `high`."""
        words = self.text(name)
        if empty is not None:
            words = words.replace("", str(empty))
        why = f"is not a whole number from {low} to {high}"
        self._hold(words.str.contains(r"^-?\d{1,18}$"), name, why)
        values = words.cast(pl.Int64)
        self._hold((values >= low) & (values <= high) | (self.text(name) == ""), name, why)
        return values.to_numpy().astype(np.int64)

    def price(self, name: str, *, may_be_empty: bool = False) -> Ints:
        """Decimal text to 1/10 000 units; an empty field is NO_PRICE where it may be empty."""
        words = self.text(name)
        blank = words == ""
        good = words.str.contains(_PRICE)
        why = "is not a decimal number with at most four decimals"
        self._hold(good | blank if may_be_empty else good, name, why)
        parts = words.str.split_exact(".", 1).struct.unnest()
        whole = parts["field_0"].replace("", "0").cast(pl.Int64)
        rest = parts["field_1"].fill_null("").str.slice(0, 4).str.pad_end(4, "0").cast(pl.Int64)
        values = (whole * 10_000 + rest).to_numpy().astype(np.int64)
        values[blank.to_numpy()] = NO_PRICE
        return values

    def clock(self, name: str) -> Ints:
        """Time of day (hh:mm:ss, up to nine decimals) as nanoseconds since local midnight."""
        words = self.text(name)
        self._hold(words.str.contains(_CLOCK), name, "is not a time of day hh:mm:ss.fff")
        values = clock_ns(words)
        self._hold(pl.Series(values < 86_400 * _NS), name, "is not a time of day hh:mm:ss.fff")
        return values

    def seconds(self, name: str) -> Ints:
        """Seconds since midnight with up to nine decimals, as nanoseconds."""
        words = self.text(name)
        self._hold(words.str.contains(_SECONDS), name, "is not a number of seconds with at most nine decimals")
        parts = words.str.split_exact(".", 1).struct.unnest()
        rest = parts["field_1"].fill_null("").str.pad_end(9, "0").cast(pl.Int64)
        values = (parts["field_0"].cast(pl.Int64) * _NS + rest).to_numpy().astype(np.int64)
        self._hold(pl.Series(values < 86_400 * _NS), name, "is beyond the day's end")
        return values

    def rising(self, name: str, values: Ints, what: str) -> None:
        """Refuse the first row that is smaller than the one before it."""
        falls = np.flatnonzero(np.diff(values) < 0)
        if len(falls):
            raise self.refuse(int(falls[0]) + 1, name, f"{what} the row before it")


def clock_ns(words: pl.Series) -> Ints:
    """hh:mm:ss.fffffffff texts, already known to be good, as nanoseconds since midnight."""
    halves = words.str.split_exact(".", 1).struct.unnest()
    clock = halves["field_0"].str.split_exact(":", 2).struct.unnest()
    hours, minutes, seconds = (clock[f"field_{i}"].cast(pl.Int64).to_numpy() for i in range(3))
    rest = halves["field_1"].fill_null("").str.pad_end(9, "0").cast(pl.Int64).to_numpy()
    values: Ints = ((hours * 60 + minutes) * 60 + seconds) * _NS + rest
    return values
