"""Exact decimal text to integers of 1/10 000 currency unit and back.

Rule: no float ever touches a price. Units: a *price* is an i64 of 1/10 000 currency unit; an *amount* that may be finer
than that (a dividend of 3.499789) stays a `Fraction` of the same unit until a rule rounds it.
Invariant: `parse_price(format_price(p)) == p` for every price.
Known gaps: no thousands separators, no exponents; both are refused rather than guessed.
"""

import re
from fractions import Fraction
from typing import Final

PRICE_UNITS: Final = 10_000
"""Price units in one currency unit."""

PRICE_DECIMALS: Final = 4
PRICE_MAX: Final = (1 << 63) - 1

_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class MoneyTextError(ValueError):
    """A text that is no decimal number, or one that is finer or larger than a price can hold."""


def parse_decimal(text: str) -> Fraction:
    """The exact value of a plain decimal text, in currency units: "3.499789" is 3499789/1000000."""
    matched = _DECIMAL.fullmatch(text.strip())
    if matched is None:
        raise MoneyTextError(f"{text!r} is not a plain decimal number such as 40.60")
    sign, whole, decimals = matched.group(1), matched.group(2), matched.group(3) or ""
    value = Fraction(int(whole + decimals), 10 ** len(decimals))
    return -value if sign == "-" else value


def parse_amount(text: str) -> Fraction:
    """The exact value of a decimal text in price units, however fine: "3.499789" is 34997.89."""
    return parse_decimal(text) * PRICE_UNITS


def parse_price(text: str) -> int:
    """A decimal text as a price: "40.60" is 406000; a fifth decimal that is not zero is refused."""
    value = parse_amount(text)
    if value.denominator != 1:
        raise MoneyTextError(f"{text!r} has more than {PRICE_DECIMALS} decimals; a price is a multiple of 0.0001")
    if abs(value.numerator) > PRICE_MAX:
        raise MoneyTextError(f"{text!r} does not fit a 64-bit price of 1/10 000 currency unit")
    return value.numerator


def format_price(price: int, *, decimals_min: int = 2) -> str:
    """A price as decimal text with at least `decimals_min` decimals and no superfluous zeros beyond them."""
    whole, rest = divmod(abs(price), PRICE_UNITS)
    decimals = f"{rest:0{PRICE_DECIMALS}d}"
    while len(decimals) > decimals_min and decimals.endswith("0"):
        decimals = decimals[:-1]
    sign = "-" if price < 0 else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def round_half_up(value: Fraction | int) -> int:
    """The nearest integer; exactly half goes away from zero (四捨五入)."""
    nearest = floor(abs(Fraction(value)) + Fraction(1, 2))
    return -nearest if value < 0 else nearest


def floor(value: Fraction | int) -> int:
    """The largest integer not above `value`."""
    return value if isinstance(value, int) else value.numerator // value.denominator


def ceil(value: Fraction | int) -> int:
    """The smallest integer not below `value`."""
    return -floor(-value)
