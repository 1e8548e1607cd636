"""The day's facts as frames: trades, orders, closing prices, levels, refusals. Each is written as CSV and shown in the
report; docs/day.md says what each column means."""

from typing import Final

import numpy as np
import polars as pl

from evermarket.day.orders import Rows
from evermarket.day.source import Ints, Levels, Source
from evermarket.day.texts import clock_texts, codes, money_texts, price_text, price_texts, words
from evermarket.records import REFUSALS, Code, Records, sentence
from evermarket.records.kinds import OrdType, Reason, Segment, Side, Tif, TradeKind
from evermarket.records.units import SEGMENT_BITS

AGGRESSOR_BITS: Final = 0x3
LEVELS: Final = 10

_TIF: Final = {int(Tif.ROD): "ROD", int(Tif.IOC): "IOC", int(Tif.FOK): "FOK"}
_SIDES: Final = {int(Side.BUY): "B", int(Side.SELL): "S"}
_AGGRESSORS: Final = {1: "B", 2: "S", 3: "N"}

STATUSES: Final = ("filled", "part_filled", "live", "cancelled", "expired", "refused")


def trades_frame(trades: Records, source: Source) -> pl.DataFrame:
    """One row a trade, in the order of the stream; buy_no and sell_no as the source calls the orders."""
    return pl.DataFrame(
        {
            "seq": trades["trade_no"].astype(np.int64),
            "time": clock_texts(trades["time"], source.day, source.time_decimals),
            "buy_no": source.labels.of(trades["buy_no"]),
            "sell_no": source.labels.of(trades["sell_no"]),
            "price": price_texts(trades["price"]),
            "qty": trades["qty"].astype(np.int64),
            "aggressor": words(trades["flags"] & AGGRESSOR_BITS, _AGGRESSORS, "aggressor"),
            "code": codes(trades["instrument"], source.instruments),
            "segment": words(trades["attributes"] & SEGMENT_BITS, Segment, "segment"),
            "kind": words(trades["code"], TradeKind, "kind"),
        }
    )


def statuses(rows: Rows) -> Ints:
    """What became of each order: an index into STATUSES."""
    gone = rows["reduced"].astype(np.int64) + rows["cancelled"]
    left = rows["qty"].astype(np.int64) - rows["filled"] - gone
    expired = rows["reason"] == Reason.END_OF_SESSION
    choices = [
        (rows["refusal"] > 0, "refused"),
        (expired, "expired"),
        ((rows["cancelled"] > 0) | (left <= 0) & (rows["filled"] == 0), "cancelled"),
        (left <= 0, "filled"),
        (rows["filled"] > 0, "part_filled"),
    ]
    numbers = [STATUSES.index(word) for _, word in choices]
    chosen: Ints = np.select([where for where, _ in choices], numbers, STATUSES.index("live")).astype(np.int64)
    return chosen


def orders_frame(rows: Rows, source: Source) -> pl.DataFrame:
    """One row an order that took a number, in the order of our numbers."""
    numbers = np.flatnonzero(rows["known"])
    known = rows[numbers]
    return pl.DataFrame(
        {
            "order_no": source.labels.of(numbers),
            "time": clock_texts(known["time"], source.day, source.time_decimals),
            "code": codes(known["instrument"], source.instruments),
            "segment": words(known["attributes"] & SEGMENT_BITS, Segment, "segment"),
            "line": known["line"].astype(np.int64),
            "side": words(known["side"], _SIDES, "side"),
            "type": words(known["ord_type"], OrdType, "type"),
            "tif": words(known["tif"], _TIF, "tif"),
            "price": price_texts(known["price"]),
            "qty": known["qty"].astype(np.int64),
            "filled": known["filled"].astype(np.int64),
            "reduced": known["reduced"].astype(np.int64),
            "cancelled": known["cancelled"].astype(np.int64),
            "status": words(statuses(known), dict(enumerate(STATUSES)), "status"),
            "refusal": words(known["refusal"], Code, "refusal").str.to_uppercase(),
            "refusal_text": _sentences(known["refusal"], known["value"], known["bound"]),
            "cancel_reason": words(known["reason"], Reason, "reason"),
        }
    )


def _sentences(refusals: Ints, values: Ints, bounds: Ints) -> pl.Series:
    texts = np.full(len(refusals), "", object)
    for at in np.flatnonzero(refusals):
        texts[at] = sentence(int(refusals[at]), int(values[at]), int(bounds[at]))
    return pl.Series(texts.tolist(), dtype=pl.String)


def closing_frame(closed: Records, statistics: Records, source: Source) -> pl.DataFrame:
    """Prices and statistics of each book as told at its last close."""
    places = {(int(r["instrument"]), int(r["attributes"]) & SEGMENT_BITS): i for i, r in enumerate(closed)}
    facts = {(int(r["instrument"]), int(r["attributes"]) & SEGMENT_BITS): i for i, r in enumerate(statistics)}
    books = sorted(set(places) & set(facts))
    one = closed[[places[book] for book in books]]
    two = statistics[[facts[book] for book in books]]
    columns: dict[str, pl.Series | Ints] = {
        "code": codes(one["instrument"], source.instruments),
        "segment": words(one["attributes"] & SEGMENT_BITS, Segment, "segment"),
        "reference": price_texts(two["reference"]),
    }
    for name in ("open", "high", "low", "close"):
        columns[name] = price_texts(one[name])
    columns["volume"] = one["volume"].astype(np.int64)
    columns["turnover"] = money_texts(two["turnover"])
    columns["trades"] = two["count"].astype(np.int64)
    columns["best_bid"] = price_texts(two["best_bid"])
    columns["best_ask"] = price_texts(two["best_ask"])
    return pl.DataFrame(columns)


def levels_frame(after: Ints, rows: list[tuple[Levels, Levels]]) -> pl.DataFrame:
    """Ten levels a side, one row a number asked for; a missing level has an empty price and quantity 0."""
    columns: dict[str, list[str] | list[int] | Ints] = {"after_seq": after}
    for side, letter in enumerate("ba"):
        ladders = [pair[side] for pair in rows]
        for n in range(LEVELS):
            columns[f"{letter}{n + 1}p"] = [price_text(int(one["price"][n])) if n < len(one) else "" for one in ladders]
        for n in range(LEVELS):
            columns[f"{letter}{n + 1}q"] = [int(one["qty"][n]) if n < len(one) else 0 for one in ladders]
    return pl.DataFrame(columns)


def refusals_frame(refused: Records) -> pl.DataFrame:
    """How often each code was the answer, most frequent first, with an example of its sentence."""
    found, first, counts = np.unique(refused["code"], return_index=True, return_counts=True)
    rows = [
        {
            "code": int(code),
            "name": Code(int(code)).name,
            "count": int(count),
            "example": sentence(int(code), int(refused["value"][at]), int(refused["bound"][at])),
            "transient": REFUSALS[Code(int(code))].transient,
            "rule": REFUSALS[Code(int(code))].rule,
        }
        for code, at, count in zip(found, first, counts, strict=True)
    ]
    schema = {"code": pl.Int64, "name": pl.String, "count": pl.Int64, "example": pl.String}
    frame = pl.DataFrame(rows, schema={**schema, "transient": pl.Boolean, "rule": pl.String})
    return frame.sort("count", "code", descending=[True, False])
