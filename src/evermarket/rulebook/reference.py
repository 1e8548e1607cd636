"""Opening reference prices (開盤競價基準): the price a day's limits and first auction are measured from.

Source: TWSE Operating Rules Art. 58-3 para. 4 (rules 1, 2a, 2b, 2c), Art. 67 (ex-days), BC Art. 10, DR Art. 12, ETN
Art. 10. On an ex-day three numbers differ: the exact value, the same to the cent (除權息參考價, as printed), and
the opening basis, which is the value put on the tick. Limits come from the value, never from the basis: the official
row of 2330 on 2024-06-13 has 905.50, basis 906, limits 996 / 815.
Units: prices in 1/10 000 currency unit; ratios per share (0.035 = 35 shares per thousand).
**Unverified**: rounding to the cent: in 3,052 published cases fractions below half a cent are twelve times as frequent
as those above, which is what truncation leaves in a set chosen by "about half a cent", so it truncates here; it is
printed only, limits and basis use the exact value. The half-way case of the basis. The basis when a cash issue is
priced below the market: here the value without the issue, `dividend_deducted`, which also carries the upper limit.
"""

from fractions import Fraction
from typing import Final

import msgspec

from evermarket.rulebook.limits import DailyLimits, move_limits
from evermarket.rulebook.money import floor
from evermarket.rulebook.ticks import HalfWay, TickTable, nearest_tick

CENT: Final = 100
"""Price units in a hundredth of the currency unit."""


class OpeningReference(msgspec.Struct, frozen=True):
    """The reference and the subparagraph it came from: "1", "2a", "2b" or "2c"."""

    price: int
    rule: str


class ExReference(msgspec.Struct, frozen=True):
    """An ex-day's references: two exact values, and the basis on the tick."""

    value: Fraction
    dividend_deducted: Fraction
    opening_basis: int

    @property
    def reference_to_cent(self) -> int:
        """The reference as it is printed (除權息參考價)."""
        return to_cent(self.value)

    @property
    def deducted_to_cent(self) -> int:
        """The reference less dividends only, as it is printed (減除股利參考價)."""
        return to_cent(self.dividend_deducted)

    def limits(self, table: TickTable, rate: Fraction) -> DailyLimits:
        """Upper limit from the value without the cash issue, lower from the full ex-value (Art. 67, text of 2008)."""
        # No text covers an issue priced above the market; the wider range is the one that refuses nothing wrongly.
        up_base, down_base = max(self.value, self.dividend_deducted), min(self.value, self.dividend_deducted)
        return move_limits(table, up_base, down_base, rate)


def to_cent(value: Fraction) -> int:
    """The value as it is printed: truncated to a hundredth of the currency unit (unverified, see above)."""
    return floor(value / CENT) * CENT


def opening_reference(
    *, previous_close: int | None, highest_buy: int | None, lowest_sell: int | None, previous_reference: int
) -> OpeningReference:
    """Para. 4: the close; else the highest buy above, else the lowest sell below the old reference; else that.

    A missing price is None. In a crossed book both (a) and (b) would hold; (a) is tested first.
    """
    if previous_close is not None:
        return OpeningReference(previous_close, "1")
    if highest_buy is not None and highest_buy > previous_reference:
        return OpeningReference(highest_buy, "2a")
    if lowest_sell is not None and lowest_sell < previous_reference:
        return OpeningReference(lowest_sell, "2b")
    return OpeningReference(previous_reference, "2c")


def ex_value(
    close: int,
    *,
    cash: Fraction | int = 0,
    bonus_ratio: Fraction | int = 0,
    subscription_price: Fraction | int = 0,
    subscription_ratio: Fraction | int = 0,
) -> Fraction:
    """(close - cash + subscription price x ratio) / (1 + bonus ratio + subscription ratio), exact."""
    rights = Fraction(subscription_price) * subscription_ratio
    return (close - Fraction(cash) + rights) / (1 + Fraction(bonus_ratio) + subscription_ratio)


def employee_bonus_value(
    close: int, *, cash: Fraction | int, bonus_ratio: Fraction, employee_ratio: Fraction, par: int = 100_000
) -> Fraction:
    """Historic form (員工紅利轉增資): employees' new shares enter at par, NT$10, like a subscription (E1)."""
    return ex_value(
        close, cash=cash, bonus_ratio=bonus_ratio, subscription_price=par, subscription_ratio=employee_ratio
    )


def ex_reference(
    table: TickTable,
    close: int,
    *,
    cash: Fraction | int = 0,
    bonus_ratio: Fraction | int = 0,
    subscription_price: Fraction | int = 0,
    subscription_ratio: Fraction | int = 0,
    half: HalfWay = HalfWay.UP,
    basis_without_issue: bool = True,
) -> ExReference:
    """All references of an ex-day; `basis_without_issue` chooses the unverified basis of a cash issue."""
    deducted = ex_value(close, cash=cash, bonus_ratio=bonus_ratio)
    value = ex_value(
        close,
        cash=cash,
        bonus_ratio=bonus_ratio,
        subscription_price=subscription_price,
        subscription_ratio=subscription_ratio,
    )
    if value <= 0:
        raise ValueError(f"the ex-value {value} of close {close} is not a price: the dividend exceeds the close")
    basis_from = deducted if basis_without_issue else value
    return ExReference(
        value=value,
        dividend_deducted=deducted,
        opening_basis=nearest_tick(table, basis_from, half),
    )


def entitlement_reference(common_close: int, rights_difference: int | None) -> int:
    """Entitlement certificate's (股款繳納憑證) first day: the common's close less the difference, if it is known."""
    return common_close if rights_difference is None else common_close - rights_difference


def split_reference(close: int, *, units_before: int, units_after: int) -> Fraction:
    """Depositary receipt split: close divided by (units after / units before) (DR Art. 12)."""
    return Fraction(close * units_before, units_after)


def note_reference(table: TickTable, indicative_value: Fraction | int, half: HalfWay = HalfWay.UP) -> int:
    """ETN's first day: the indicative value of the last available day, put on the tick (ETN Art. 10)."""
    return nearest_tick(table, indicative_value, half)
