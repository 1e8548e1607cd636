"""The words people bring with them, and prices as they write them.

Every vocabulary takes its own names in any case and the words of FIX, Shioaji, CTP and vn.py beside them. A price is a
Decimal, a text or an int of the currency unit; a float is refused, because it is not the number that was meant.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Final, TypeVar

from evermarket.records import NO_PRICE, PRICE_SCALE
from evermarket.records.kinds import Category, Channel, Investor, OpenClose, OrdType, Segment, Side, Tif
from evermarket.records.session import Resume
from evermarket.records.units import PRICE_MAX

E = TypeVar("E", bound=IntEnum)
Price = Decimal | str | int

_ALSO: Final[Mapping[type[IntEnum], Mapping[str, IntEnum]]] = {
    Side: {"B": Side.BUY, "S": Side.SELL, "LONG": Side.BUY, "SHORT": Side.SELL},
    OrdType: {"LMT": OrdType.LIMIT, "MKT": OrdType.MARKET},
    Tif: {"DAY": Tif.ROD, "FAK": Tif.IOC},
    Segment: {
        "COMMON": Segment.REGULAR,
        "INTRADAYODD": Segment.ODD_LOT,
        "ODD": Segment.ODD_LOT_AFTER,
        "FIXING": Segment.FIXED_PRICE,
    },
    Category: {"MARGINTRADING": Category.MARGIN, "SHORTSELLING": Category.SHORT},
    OpenClose: {"CLOSETODAY": OpenClose.CLOSE_TODAY, "CLOSEYESTERDAY": OpenClose.CLOSE_YESTERDAY},
    Resume: {},
    Investor: {},
    Channel: {},
}


def word(vocabulary: type[E], said: E | str, field: str) -> E:
    """What was meant. Raises ValueError that names the field and the words it takes."""
    if isinstance(said, vocabulary):
        return said
    also = _ALSO.get(vocabulary, {})
    text = str(said).strip().upper().replace("-", "_").replace(" ", "_")
    found = vocabulary.__members__.get(text) or also.get(text.replace("_", ""))
    if not isinstance(found, vocabulary):
        names = ", ".join([*vocabulary.__members__, *also])
        raise ValueError(f"{field} {said!r} is none of {names}")
    return found


def as_decimal(price: Price, field: str = "price") -> Decimal:
    """A price as a Decimal. Raises TypeError for a float, ValueError for what is no number."""
    if isinstance(price, float | bool):
        raise TypeError(f"{field} {price!r} is not exact: write it as a text or a Decimal")
    try:
        return Decimal(price)
    except InvalidOperation as wrong:
        raise ValueError(f"{field} {price!r} is no number") from wrong


def price_units(price: Decimal | None, field: str = "price") -> int:
    """A price in 1/10 000 of the currency unit; none is NO_PRICE. Raises ValueError if it is finer or out of range."""
    if price is None:
        return NO_PRICE
    units = price * PRICE_SCALE
    if not price.is_finite() or units != units.to_integral_value():
        raise ValueError(f"{field} {price} is not a multiple of 1/{PRICE_SCALE}")
    if not 1 <= units <= PRICE_MAX:
        raise ValueError(f"{field} {price} is not between 0.0001 and {PRICE_MAX // PRICE_SCALE}")
    return int(units)


def price_of(units: int) -> Decimal | None:
    """A price of a record as people read it; NO_PRICE is None."""
    return None if units == NO_PRICE else Decimal(units) / PRICE_SCALE
