"""The rules as a calculator over rows of text: what `evermarket rules apply` runs.

A rule takes rows of text cells and returns them with result columns added. A row it cannot answer is refused: its
result columns are blank, and a refusal names the row, the field, the value and the rule. Prices are decimal text both
ways; percentages have four decimals. Rows are numbered from 1, the header not counted.
Known gaps: limits of warrants (by formula) need the underlying and are refused here.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Final, TypeVar

import msgspec

from evermarket.rulebook.calendar import is_trading_day
from evermarket.rulebook.limits import NO_LIMITS, DailyLimits, is_without_limits, limit_rate, limits_of_day
from evermarket.rulebook.liquidity import FUND_DUTIES, MAKER_DUTY, NOTE_DUTY, FundKind, is_spread_kept, spread
from evermarket.rulebook.money import format_price, parse_amount, parse_decimal, parse_price, round_half_up
from evermarket.rulebook.products import product_row
from evermarket.rulebook.reference import ex_reference
from evermarket.rulebook.ticks import is_on_tick, nearest_tick, tick_at, tick_table
from evermarket.rulebook.timetable import sessions

Row = Mapping[str, str]
Value = TypeVar("Value", int, Fraction)
REFUSED: Final = (ValueError, LookupError)
"""What a rule raises when the row's values have no answer; anything else is a mistake of ours."""

SPREAD_LIMITS_PERMILLE: Final = {
    "etf-domestic": FUND_DUTIES[FundKind.DOMESTIC].spread_permille,
    "etf-foreign": FUND_DUTIES[FundKind.FOREIGN].spread_permille,
    "etn-domestic": NOTE_DUTY.spread_domestic_permille,
    "etn-foreign": NOTE_DUTY.spread_foreign_permille,
    "stock-maker": MAKER_DUTY.spread_permille,
}


class Rule(msgspec.Struct, frozen=True):
    """One rule: its columns and its function from one row to its result columns."""

    name: str
    description: str
    inputs: tuple[str, ...]
    optional: tuple[str, ...]
    outputs: tuple[str, ...]
    answer: Callable[[Row], dict[str, str]]


class RowRefusal(msgspec.Struct, frozen=True):
    """Why a row has no result."""

    row: int
    rule: str
    reason: str


class Applied(msgspec.Struct, frozen=True):
    """All rows with their result columns, and the refusals among them."""

    rows: list[dict[str, str]]
    refusals: list[RowRefusal]


class MissingColumnError(ValueError):
    """A file without a column that the rule needs."""


def apply_rule(name: str, rows: Iterable[Row]) -> Applied:
    """Apply one rule of `RULES` to every row."""
    rule = RULES[name]
    done: list[dict[str, str]] = []
    refusals: list[RowRefusal] = []
    for number, row in enumerate(rows, start=1):
        missing = [column for column in rule.inputs if column not in row]
        if missing:
            raise MissingColumnError(f"rule {name} needs column {missing[0]}; its inputs are {', '.join(rule.inputs)}")
        try:
            result = rule.answer(row)
        except REFUSED as error:
            result = dict.fromkeys(rule.outputs, "")
            refusals.append(RowRefusal(number, name, str(error.args[0])))
        done.append({**row, **result})
    return Applied(done, refusals)


def _day(row: Row) -> date:
    try:
        return date.fromisoformat(row["date"].strip())
    except ValueError as error:
        raise ValueError(f"date {row['date']!r} is not a day such as 2026-11-20") from error


def _price(row: Row, column: str) -> int:
    return _above_zero(row, column, parse_price)


def _amount(row: Row, column: str) -> Fraction:
    return _above_zero(row, column, parse_amount)


def _above_zero(row: Row, column: str, parse: Callable[[str], Value]) -> Value:
    try:
        value = parse(row[column])
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error
    if value <= 0:
        raise ValueError(f"{column} {row[column]!r} is not above 0")
    return value


def _optional(row: Row, column: str, parse: Callable[[str], Fraction]) -> Fraction:
    text = (row.get(column) or "").strip()
    try:
        value = parse(text) if text else Fraction(0)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error
    if value < 0:
        raise ValueError(f"{column} {text!r} is below 0")
    return value


def _whole(row: Row, column: str, default: int | None) -> int | None:
    text = (row.get(column) or "").strip()
    if not text:
        return default
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise ValueError(f"{column} {text!r} is not a whole number")
    return int(text)


def _yes(row: Row, column: str) -> bool:
    text = (row.get(column) or "no").strip() or "no"
    if text not in ("yes", "no"):
        raise ValueError(f"{column} {text!r} is neither yes nor no")
    return text == "yes"


def _percent(ratio: Fraction) -> str:
    return format_price(round_half_up(ratio * 1_000_000), decimals_min=4)


def _limit_texts(limits: DailyLimits) -> dict[str, str]:
    return {
        "limit_up": "" if limits.up is None else format_price(limits.up),
        "limit_down": "" if limits.down is None else format_price(limits.down),
    }


def _tick(row: Row) -> dict[str, str]:
    day = _day(row)
    table = product_row(row["market"], row["product"], day).tick_table(day)
    price = _price(row, "price")
    return {
        "tick": format_price(tick_at(table, price)),
        "on_tick": "yes" if is_on_tick(table, price) else "no",
        "nearest": format_price(nearest_tick(table, price)),
    }


def _price_limits(row: Row) -> dict[str, str]:
    day = _day(row)
    product = product_row(row["market"], row["product"], day)
    reference = _amount(row, "reference")  # an ex-day's exact value may be finer than a price
    kind = (row.get("limit_kind") or "").strip() or product.limit_kind
    if kind == "formula":
        raise ValueError(f"product {product.product!r}: its limits follow its underlying by formula (WR Art. 7)")
    if kind == "none":
        return _limit_texts(NO_LIMITS)
    rate = limit_rate(product.market, kind, day)
    listing_day = _whole(row, "listing_day", None)
    if is_without_limits(rate, listing_day=listing_day, foreign_component=_yes(row, "foreign_component")):
        return _limit_texts(NO_LIMITS)
    multiple = _whole(row, "multiple", 1) or 1
    table = product.tick_table(day)
    return _limit_texts(limits_of_day(product.market, kind, table, reference, day, multiple=multiple))


def _ex_reference(row: Row) -> dict[str, str]:
    day = _day(row)
    table = tick_table("TWSE", "stock", day)
    found = ex_reference(
        table,
        _price(row, "prev_close"),
        cash=_optional(row, "cash_per_share", parse_amount),
        bonus_ratio=_optional(row, "stock_per_share", parse_decimal) / 10,  # NT$ of NT$10 par
        subscription_price=_optional(row, "subscription_price", parse_amount),
        subscription_ratio=_optional(row, "subscription_ratio", parse_decimal),
    )
    limits = found.limits(table, Fraction(limit_rate("TWSE", "equity", day).permille, 1000))
    return {
        "reference": format_price(found.reference_to_cent),
        "dividend_deducted_reference": format_price(found.deducted_to_cent),
        **_limit_texts(limits),
        "opening_basis": format_price(found.opening_basis),
    }


def _lp_spread(row: Row) -> dict[str, str]:
    bid, ask, kind = _price(row, "bid"), _price(row, "ask"), row["kind"].strip()
    if kind not in SPREAD_LIMITS_PERMILLE:
        raise ValueError(f"kind {kind!r} is none of {', '.join(SPREAD_LIMITS_PERMILLE)}")
    permille = SPREAD_LIMITS_PERMILLE[kind]
    return {
        "spread": _percent(spread(bid, ask)),
        "limit": _percent(Fraction(permille, 1000)),
        "breach": "no" if is_spread_kept(bid, ask, permille) else "yes",
    }


def _sessions(row: Row) -> dict[str, str]:
    day, market = _day(row), row["market"].strip()
    interval_s = _whole(row, "interval_s", None)
    steps = [step for step in sessions(market, day, interval_s=interval_s) if step.phase]
    phases = (
        f"{step.session} {step.local:%H:%M:%S} {step.phase}" + ("" if step.group == "all" else f" {step.group}")
        for step in steps
    )
    return {"trading_day": "yes" if is_trading_day(market, day) else "no", "phases": "; ".join(phases)}


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule(
            "tick",
            "the tick of a price, whether the price is on it, and the nearest one that is",
            ("market", "product", "date", "price"),
            (),
            ("tick", "on_tick", "nearest"),
            _tick,
        ),
        Rule(
            "price-limits",
            "the day's limits from a reference price; blank where the instrument has none",
            ("market", "product", "date", "reference"),
            ("multiple", "listing_day", "foreign_component", "limit_kind"),
            ("limit_up", "limit_down"),
            _price_limits,
        ),
        Rule(
            "ex-reference",
            "a TWSE stock's reference, limits and opening basis on an ex-dividend or ex-right day",
            ("date", "prev_close", "cash_per_share", "stock_per_share"),
            ("subscription_price", "subscription_ratio"),
            ("reference", "dividend_deducted_reference", "limit_up", "limit_down", "opening_basis"),
            _ex_reference,
        ),
        Rule(
            "lp-spread",
            f"a liquidity provider's spread against its limit, in percent; kinds: {', '.join(SPREAD_LIMITS_PERMILLE)}",
            ("bid", "ask", "kind"),
            (),
            ("spread", "limit", "breach"),
            _lp_spread,
        ),
        Rule(
            "sessions",
            "whether a day trades, and the phases of its sessions in local time",
            ("market", "date"),
            ("interval_s",),
            ("trading_day", "phases"),
            _sessions,
        ),
    )
}
