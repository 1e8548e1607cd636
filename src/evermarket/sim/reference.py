"""The reference data of the day as commands: ticks, lines, stabilisation sets, books with code and name, prices.

Source: docs/format.md, sections 4.1 and 5.4. Groups: books that go through the day together.
Invariants: what a record refers to stands before it; code and name follow the head of the first book of a security.
"""

from datetime import date
from enum import IntEnum
from typing import Final

import numpy as np

from evermarket.records import Kind, Records, blank
from evermarket.records.kinds import ALLOW_MANAGE, Allow, BookFlag, Segment
from evermarket.records.layout import ORDER
from evermarket.records.raw import WHOLE
from evermarket.records.units import QTY_MAX, SECOND_NS
from evermarket.sim import board_rules as rules
from evermarket.sim.board import Security
from evermarket.sim.members import Line


class Group(IntEnum):
    """The groups of the board."""

    REGULAR = 1
    DISPOSITION = 2
    ALTERED = 3
    BOND = 4
    ODD_LOT = 5
    ODD_LOT_AFTER = 6
    FIXED_PRICE = 7
    BLOCK = 8
    BLOCK_PAIRED = 9


_SEGMENT_GROUP: Final = {
    Segment.ODD_LOT: Group.ODD_LOT,
    Segment.ODD_LOT_AFTER: Group.ODD_LOT_AFTER,
    Segment.FIXED_PRICE: Group.FIXED_PRICE,
    Segment.BLOCK: Group.BLOCK,
    Segment.BLOCK_PAIRED: Group.BLOCK_PAIRED,
}

STABILISATION_SET: Final = 1
ODD_QTY_MAX: Final = 999
BLOCK_LOTS: Final = 500
BLOCK_VALUE: Final = 15_000_000 * 10_000
"""Blocks: 500 lots or NT$15 million (BL)."""

_PRICE_ONE: Final = 10_000
_LIMIT_ALL: Final = Allow.LIMIT_ROD | Allow.LIMIT_IOC | Allow.LIMIT_FOK
_MARKET_ALL: Final = Allow.MARKET_ROD | Allow.MARKET_IOC | Allow.MARKET_FOK


def group_of(one: Security, segment: Segment) -> Group:
    """The group of a security's book."""
    if segment != Segment.REGULAR:
        return _SEGMENT_GROUP[segment]
    special = {"disposition": Group.DISPOSITION, "altered": Group.ALTERED, "bond": Group.BOND}
    return special.get(one.kind, Group.REGULAR)


def takes_market(one: Security, day: date) -> bool:
    """Whether market orders exist for it: not without limits, not in periodic auctions (Art. 58-8)."""
    periodic = one.kind in ("disposition", "altered", "bond")
    return not one.is_free and not periodic and rules.rule_row(one.product, day).market_order


def takes_immediate(one: Security) -> bool:
    """Whether IOC and FOK exist for it: not in periodic auctions."""
    return one.kind not in ("disposition", "altered", "bond")


def reference_records(board: list[Security], lines: list[Line], day: date, time: int) -> Records:
    """All reference commands in the order the core needs them."""
    books = [_book(one, segment, day) for one in board for segment in one.segments]
    parts = [_ticks(day), _lines(lines), _stabilisation(), *books, _prices(board)]
    # ORDER names every byte of the body, so that a copy of selected rows loses nothing (NumPy copies named fields only)
    merged = np.concatenate([part.view(WHOLE) for part in parts]).view(ORDER)
    merged["time"] = time
    return merged


def _ticks(day: date) -> Records:
    bands = [
        (rules.table_number(family), 0 if at == 0 else band.from_price, band.tick)
        for family in rules.FAMILIES
        for at, band in enumerate(rules.family_table(family, day).bands)
    ]
    rows = blank(Kind.REF_TICK, len(bands))
    rows["table"], rows["from_price"], rows["tick"] = (list(column) for column in zip(*bands, strict=True))
    return rows


def _lines(lines: list[Line]) -> Records:
    rows = blank(Kind.REF_LINE, len(lines))
    for name in ("line", "member", "rights", "account"):
        rows[name] = [getattr(line, name) for line in lines]
    return rows


def _stabilisation() -> Records:
    row = blank(Kind.REF_STABILISATION)
    row["set"] = STABILISATION_SET
    row["window_ns"], row["duration_ns"] = 300 * SECOND_NS, 120 * SECOND_NS
    row["band_permille"], row["call_permille"] = 35, 35
    row["cancel_permille"], row["periodic_permille"] = 300, 35
    return row


def _book(one: Security, segment: Segment, day: date) -> Records:
    row = blank(Kind.REF_INSTRUMENT)
    row["instrument"], row["attributes"] = one.instrument, segment
    row["product"] = rules.PRODUCTS[one.product]
    row["group"], row["set"] = group_of(one, segment), STABILISATION_SET
    blocks = segment in (Segment.BLOCK, Segment.BLOCK_PAIRED)
    family = "block" if blocks else rules.rule_row(one.product, day).ticks
    row["table"] = rules.table_number(family)
    row["rules"], row["allow"] = _rules(one, segment, day), _allow(one, segment, day)
    odd = segment in (Segment.ODD_LOT, Segment.ODD_LOT_AFTER)
    row["lot"] = 1 if odd or blocks else one.lot
    row["qty_min"] = BLOCK_LOTS * one.lot if blocks else row["lot"]
    row["qty_max"] = QTY_MAX if blocks else ODD_QTY_MAX if odd else 499 * one.lot
    row["value_min"] = BLOCK_VALUE if blocks else 0
    if segment != one.segments[0]:
        return row
    texts = blank(Kind.TEXT, 2)
    texts["text"] = [one.code.encode(), one.name.encode()]
    row["flags"] = len(texts)
    return np.concatenate([row.view(WHOLE), texts.view(WHOLE)]).view(row.dtype)


def _rules(one: Security, segment: Segment, day: date) -> BookFlag:
    product = rules.rule_row(one.product, day)
    if segment in (Segment.BLOCK, Segment.BLOCK_PAIRED):
        return BookFlag.VALUE_MINIMUM
    cheap_or_new = one.reference < _PRICE_ONE or one.kind == "listing"
    if segment == Segment.ODD_LOT:
        return BookFlag(0) if cheap_or_new else BookFlag.PERIODIC_CHECK
    if segment != Segment.REGULAR:
        return BookFlag(0)
    flags = BookFlag(0) if product.check_exempt else BookFlag.CALL_CHECK
    if one.kind in ("disposition", "altered"):
        flags |= BookFlag.PERIODIC_CHECK
    elif not product.volatility_exempt and not cheap_or_new:
        flags |= BookFlag.VOLATILITY
    return flags | (BookFlag.NO_SELF_TRADE if one.provider else BookFlag(0))


def _allow(one: Security, segment: Segment, day: date) -> Allow:
    if segment == Segment.REGULAR:
        allow = Allow.LIMIT_ROD | ALLOW_MANAGE
        if takes_immediate(one):
            allow |= _LIMIT_ALL
        if takes_market(one, day):
            allow |= _MARKET_ALL
        return allow | (Allow.QUOTE | Allow.QUOTE_REQUEST if one.provider else Allow(0))
    return Allow.LIMIT_ROD | Allow.CANCEL | Allow.REDUCE


def _prices(board: list[Security]) -> Records:
    rows = blank(Kind.REF_PRICES, len(board))
    rows["instrument"] = [one.instrument for one in board]
    rows["reference"] = rows["previous_close"] = [one.reference for one in board]
    rows["limit_up"] = [rules.as_price(one.limit_up) for one in board]
    rows["limit_down"] = [rules.as_price(one.limit_down) for one in board]
    return rows
