"""Numbers of the records as the texts that files and pages show: exact, vectorised, in the market's own clock.

Prices are decimal text with at least two decimals and no superfluous zeros beyond; a missing price is empty.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from evermarket.day.source import Instrument, TradingDay
from evermarket.records import NO_PRICE, PRICE_SCALE

_DAY_NS = 86_400_000_000_000


def price_text(price: int) -> str:
    """One price; empty if there is none."""
    if price == NO_PRICE:
        return ""
    whole, rest = divmod(price, PRICE_SCALE)
    decimals = f"{rest:04d}"
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def price_texts(prices: npt.NDArray[Any]) -> pl.Series:
    """A column of prices."""
    return _decimals(pl.Series(prices.astype(np.int64)))


def money_texts(amounts: npt.NDArray[Any]) -> pl.Series:
    """A column of turnovers (price units times quantity), which are exact in the same decimals."""
    return price_texts(amounts)


def _decimals(numbers: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"n": numbers})
    whole = (pl.col("n") // PRICE_SCALE).cast(pl.String)
    rest = (pl.col("n") % PRICE_SCALE).cast(pl.String).str.zfill(4)
    tail = rest.str.slice(2).str.strip_chars_end("0")
    text = pl.concat_str(whole, pl.lit("."), rest.str.slice(0, 2), tail)
    chosen = pl.when(pl.col("n") == NO_PRICE).then(pl.lit("")).otherwise(text)
    return frame.select(chosen.alias("text"))["text"]


def clock_texts(times: npt.NDArray[Any], day: TradingDay, decimals: int) -> pl.Series:
    """UTC nanoseconds as hh:mm:ss.fff of the market's zone."""
    of_day = (times.astype(np.int64) - day.midnight_ns) % _DAY_NS
    frame = pl.DataFrame({"s": of_day // 1_000_000_000, "f": of_day % 1_000_000_000})
    parts = [
        (pl.col("s") // 3600).cast(pl.String).str.zfill(2),
        (pl.col("s") // 60 % 60).cast(pl.String).str.zfill(2),
        (pl.col("s") % 60).cast(pl.String).str.zfill(2),
    ]
    text = pl.concat_str(*parts, separator=":")
    if decimals:
        text = pl.concat_str(text, pl.lit("."), pl.col("f").cast(pl.String).str.zfill(9).str.slice(0, decimals))
    return frame.select(text.alias("text"))["text"]


def words(values: npt.NDArray[Any], vocabulary: type[IntEnum] | Mapping[int, str], name: str) -> pl.Series:
    """A column of small numbers as their words in lower case; 0 and unknown values as empty text."""
    if isinstance(vocabulary, Mapping):
        meanings = dict(vocabulary)
    else:
        meanings = {int(member): member.name.lower() for member in vocabulary}
    numbers = pl.Series(name, values.astype(np.int64))
    return numbers.replace_strict(meanings, default="", return_dtype=pl.String)


def codes(numbers: npt.NDArray[Any], instruments: list[Instrument]) -> pl.Series:
    """Instrument numbers as security codes."""
    return words(numbers, {one.number: one.code for one in instruments}, "code")
