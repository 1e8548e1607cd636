"""Records as a Polars frame: one tidy frame a kind, the field names of the record.

`ts` is the record's time (nanoseconds, in the market's zone), prices and amounts are Decimal(19, 4): 19 digits
because a refused order's price can be any int64. Vocabularies are Enum, absent prices and times null.
Polars is loaded only here.
"""

from typing import Any, Final

import numpy as np
import polars as pl

from evermarket.journal.describe import AMOUNTS, ATTRIBUTES, PRICES, TIMES, ZONE, vocabulary_of
from evermarket.records import NO_PRICE, PRICE_SCALE, Kind, Records
from evermarket.records.kinds import Aggressor

MONEY: Final = pl.Decimal(19, 4)


def frame(rows: Records, kind: Kind, *, trading_day: int, zone: str = ZONE) -> pl.DataFrame:
    """Rows of one kind, with that kind's dtype. `trading_day` yyyymmdd becomes a column of its own."""
    columns: list[pl.Series] = []
    for name in rows.dtype.names or ():
        if name == "kind":
            continue
        columns.extend(_columns(name, np.ascontiguousarray(rows[name]), kind, zone))
    out = pl.DataFrame(columns)
    day = pl.lit(str(trading_day)).str.to_date("%Y%m%d", strict=False).alias("trading_day")
    return out.with_columns(day)


def _columns(name: str, values: np.ndarray[Any, Any], kind: Kind, zone: str) -> list[pl.Series]:
    if name in TIMES:
        series = _absent(pl.Series(name, values), 0 if name != "time" else None)
        return [
            series.cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone).alias("ts" if name == "time" else name)
        ]
    if name in PRICES | AMOUNTS:
        money = _absent(pl.Series(name, values)).cast(pl.Decimal(38, 4)) / PRICE_SCALE
        return [money.cast(MONEY)]
    if name == "attributes":
        return [_enum(part, values >> shift & mask, words) for part, shift, mask, words in ATTRIBUTES]
    if values.dtype.kind == "S":
        return [pl.Series(name, [text.decode("utf-8", "replace") for text in values.tolist()], dtype=pl.String)]
    if values.dtype.kind == "V":
        return [pl.Series(name, [raw.tobytes() for raw in values], dtype=pl.Binary)]
    vocabulary = vocabulary_of(kind, name)
    if vocabulary is Aggressor:
        return [_enum("aggressor", values & 3, vocabulary)]
    if vocabulary is not None and name not in ("flags", "allow", "actions", "rules", "rights"):
        return [_enum(name, values, vocabulary)]
    return [_absent(pl.Series(name, values))]


def _absent(series: pl.Series, also: int | None = None) -> pl.Series:
    """NO_PRICE (and `also`) become null. Only signed 64-bit fields can hold NO_PRICE."""
    if series.dtype != pl.Int64:
        return series
    known = series != NO_PRICE
    if also is not None:
        known &= series != also
    return pl.select(pl.when(known).then(series)).to_series().alias(series.name)


def _enum(name: str, values: np.ndarray[Any, Any], vocabulary: Any) -> pl.Series:
    """Names of a vocabulary; 0 (absent) becomes null, a number that has no name too."""
    names = {int(member): member.name for member in vocabulary}
    width = int(values.max(initial=0)) + 1
    lookup = [names.get(number) for number in range(max(width, max(names) + 1))]
    dtype = pl.Enum(list(names.values()))
    return pl.Series(name, lookup, dtype=dtype).gather(pl.Series(values.astype(np.uint32)))
