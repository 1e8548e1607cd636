"""Units and named nulls of the records (docs/format.md, section 1).

Prices are int64 in 1/10 000 of the currency unit, quantities unsigned integers of the smallest unit (shares),
times int64 nanoseconds since 1970-01-01 UTC, a trading day the integer yyyymmdd.
"""

from typing import Final

PRICE_SCALE: Final = 10_000
"""One currency unit in price units: NT$ 40.60 is 406 000."""

NO_PRICE: Final = -(2**63)
"""A price that does not exist (market order, no trade yet). Never 0, never a giant."""

SECOND_NS: Final = 1_000_000_000

RECORD_BYTES: Final = 64
HEADER_BYTES: Final = 24
BODY_BYTES: Final = 40

FOLLOWING_MAX: Final = 15
"""Most continuation records one command can have (low four bits of its flags)."""

SEGMENT_BITS: Final = 0xF
"""Where `attributes` holds the segment."""

INSTRUMENT_MAX: Final = 65_000
LINE_MAX: Final = 65_000
ORDER_NO_MAX: Final = 2**32 - 2
PRICE_MAX: Final = 10**10
"""Largest price (a million currency units); times QTY_MAX it fits int64."""

QTY_MAX: Final = 2**28 - 1
"""Largest quantity of one order; an instrument's own maximum is smaller."""

PRICE_NUMBER_MAX: Final = 2**30 - 2
"""Largest count of a price in its tick table (docs/format.md, section 5.4)."""
