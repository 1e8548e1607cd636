"""Decimal numbers of the wire and our integers, exactly: no float touches a price."""

from evermarket.records.units import NO_PRICE, PRICE_SCALE

_AVERAGE_SCALE = 1_000_000


def price_units(text: str) -> int | None:
    """A decimal number in price units; None if it has more than four decimals."""
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    if len(rest) > 4:
        return None
    return sign * (int(whole) * PRICE_SCALE + int(rest.ljust(4, "0")))


def qty_units(text: str) -> int:
    """A whole quantity, whatever zeros stand behind its point."""
    return int(text.partition(".")[0])


def price_text(units: int) -> str:
    """A price as a decimal number; no price is 0."""
    if units == NO_PRICE:
        return "0"
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, rest = divmod(units, PRICE_SCALE)
    return f"{sign}{whole}.{rest:04}".rstrip("0").rstrip(".")


def average_text(value: int, qty: int) -> str:
    """The average price of `value` price units times shares over `qty` shares, six decimals, halves up."""
    if qty == 0:
        return "0"
    scale = _AVERAGE_SCALE // PRICE_SCALE
    whole, rest = divmod((2 * value * scale + qty) // (2 * qty), _AVERAGE_SCALE)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")
