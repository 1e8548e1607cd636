"""One record as words: what each field means, as a dict and as a line of text.

Enumerations by name, prices as decimals, times in the market's zone, absent values as None. The tables below are the
one place that says which field is a price, a time or a vocabulary; the frames use them too.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, IntFlag
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from evermarket.records import HEADER, LAYOUT, NO_PRICE, PRICE_SCALE, Code, Kind, kinds
from evermarket.records.units import SECOND_NS

ZONE: Final = "Asia/Taipei"

_PRICES: Final = (
    *("price", "bid_price", "ask_price", "from_price", "tick", "strike", "reference", "previous_close"),
    *("limit_up", "limit_down", "open", "high", "low", "close", "best_bid", "best_ask"),
)
PRICES: Final = frozenset(_PRICES)
AMOUNTS: Final = frozenset({"turnover", "value_min"})
"""Prices times quantities: the scale of a price, but more digits."""

TIMES: Final = frozenset({"time", "due", "until", "entry"})
VOCABULARY: Final[dict[str, type[IntEnum] | type[IntFlag]]] = {
    "kind": Kind,
    "side": kinds.Side,
    "ord_type": kinds.OrdType,
    "tif": kinds.Tif,
    "open_close": kinds.OpenClose,
    "mode": kinds.Mode,
    "match": kinds.Match,
    "product": kinds.Product,
    "make": kinds.Make,
    "command": Kind,
    "allow": kinds.Allow,
    "actions": kinds.Action,
    "rules": kinds.BookFlag,
    "rights": kinds.Right,
}
CODES: Final[dict[Kind, type[IntEnum]]] = {
    Kind.REJECTED: Code,
    Kind.CANCELLED: kinds.Reason,
    Kind.TRADED: kinds.TradeKind,
    Kind.AUCTIONED: kinds.TradeKind,
    Kind.PHASE: kinds.Phase,
    Kind.PHASE_CHANGED: kinds.Phase,
    Kind.TIMER: kinds.Special,
    Kind.STABILISATION_STARTED: kinds.Special,
    Kind.STABILISATION_ENDED: kinds.Special,
    Kind.REFERENCE_SET: Kind,
}
"""What `code` of a kind means; plain numbers elsewhere."""

ATTRIBUTES: Final[tuple[tuple[str, int, int, type[IntEnum]], ...]] = (
    ("segment", 0, 15, kinds.Segment),
    ("category", 4, 7, kinds.Category),
    ("investor", 7, 7, kinds.Investor),
    ("channel", 10, 7, kinds.Channel),
)
"""The bit fields of `attributes`: name, shift, mask, vocabulary."""


def vocabulary_of(kind: int, name: str) -> type[IntEnum] | type[IntFlag] | None:
    """The enumeration behind a field of a kind, or None."""
    if name == "code":
        return CODES.get(Kind(kind))
    if name == "flags":
        return kinds.Aggressor if kind == Kind.TRADED else kinds.Flag
    return VOCABULARY.get(name)


def decimal_of(number: int) -> Decimal | None:
    """A price in currency units, without needless zeros; None for NO_PRICE."""
    if number == NO_PRICE:
        return None
    whole = Decimal(number) / PRICE_SCALE
    return whole.quantize(Decimal(1)) if number % PRICE_SCALE == 0 else whole.normalize()


def time_text(time_ns: int, zone: str = ZONE) -> str | None:
    """ISO 8601 with nine digits and the offset of the zone; None for 0 and NO_PRICE."""
    if time_ns in (0, NO_PRICE):
        return None
    seconds, rest = divmod(time_ns, SECOND_NS)
    try:
        moment = datetime.fromtimestamp(seconds, ZoneInfo(zone)).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{time_ns} ns"
    return f"{moment[:19]}.{rest:09d}{moment[19:]}"


def as_dict(record: np.void, *, zone: str = ZONE) -> dict[str, Any]:
    """One record (of any 64-byte dtype) with its kind's fields: plain Python values, ready for JSON but for Decimal."""
    row, kind = _typed(record)
    out: dict[str, Any] = {}
    for name in row.dtype.names or ():
        out[name] = _value(kind, name, row[name].item(), zone)
        if name == "attributes":
            out.update(_attributes(int(row[name])))
    return out


def as_line(record: np.void, *, zone: str = ZONE) -> str:
    """One record as one line: position, time of day, kind, instrument, then every field that is not 0 or absent."""
    words = as_dict(record, zone=zone)
    position = words.pop("position")
    moment = words.pop("time", None)
    name = str(words.pop("kind"))
    instrument = words.pop("instrument", None)
    head = f"{position:>10} {moment[11:29] if moment else '-':<18} {name:<22}"
    words.pop("attributes", None)
    if instrument:
        head += f" i{instrument}"
    rest = (f"{key}={value}" for key, value in words.items() if value not in (0, None, "", b"", "0"))
    return f"{head} {' '.join(rest)}".rstrip()


def _typed(record: np.void) -> tuple[np.void, int]:
    raw = record.tobytes()
    kind = raw[16]
    dtype = LAYOUT[Kind(kind)] if kind in LAYOUT else HEADER
    row: np.void = np.frombuffer(raw, dtype)[0]
    return row, kind


def _attributes(bits: int) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for name, shift, mask, vocabulary in ATTRIBUTES:
        number = bits >> shift & mask
        if number:
            found[name] = _name(vocabulary, number)
    return found


def _value(kind: int, name: str, raw: Any, zone: str) -> Any:
    decode = _DECODERS.get(name)
    if decode is not None:
        return decode(raw, zone)
    if isinstance(raw, bytes):
        return raw.hex() if name in ("chain", "magic") else raw.rstrip(b"\0").decode("utf-8", "replace")
    if kind in LAYOUT and (vocabulary := vocabulary_of(kind, name)) is not None and raw:
        return _name(vocabulary, raw & 3 if vocabulary is kinds.Aggressor else raw)
    return None if raw == NO_PRICE else raw


def _name(vocabulary: type[IntEnum] | type[IntFlag], number: int) -> str | int:
    if issubclass(vocabulary, IntFlag):
        names = [member.name or "" for member in vocabulary if number & member.value]
        known = sum(member.value for member in vocabulary)
        rest = number & ~known
        return "|".join([*names, *([str(rest)] if rest else [])])
    try:
        return vocabulary(number).name
    except ValueError:
        return number


def _price(number: Any, _zone: str) -> Decimal | None:
    return decimal_of(number)


def _time(number: Any, zone: str) -> str | None:
    return time_text(number, zone)


_DECODERS: Final[dict[str, Callable[[Any, str], Any]]] = {
    **dict.fromkeys(PRICES | AMOUNTS, _price),
    **dict.fromkeys(TIMES, _time),
}
