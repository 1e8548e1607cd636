"""Building the commands that sources have in common: reference data and phases (docs/format.md, sections 4 and 5.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evermarket.records import HEADER, NO_PRICE, Kind, Records, blank
from evermarket.records.kinds import (
    ALLOW_CALL,
    ALLOW_CONTINUOUS,
    Action,
    Match,
    Mode,
    Phase,
    Product,
    Right,
    Segment,
)
from evermarket.records.raw import join
from evermarket.records.units import QTY_MAX

TEXT_BYTES: Final = 40

GROUP: Final = 1
TABLE: Final = 1
LINE: Final = 1

ALL_RIGHTS: Final = Right.ORDERS | Right.OFF_BOOK


@dataclass(frozen=True, slots=True)
class Book:
    """The definition of one book; prices are NO_PRICE where the day has none."""

    instrument: int
    code: str
    name: str = ""
    segment: int = Segment.REGULAR
    lot: int = 1
    qty_max: int = QTY_MAX
    qty_min: int = 0
    rules: int = 0
    group: int = GROUP
    table: int = TABLE
    allow: int = ALLOW_CONTINUOUS
    stabilisation: int = 0
    product: int = Product.STOCK
    reference: int = NO_PRICE
    limit_up: int = NO_PRICE
    limit_down: int = NO_PRICE
    previous_close: int = NO_PRICE


def tick_table(time: int, bands: Sequence[tuple[int, int]], table: int = TABLE) -> Records:
    """REF_TICK for each (from_price, tick)."""
    rows = blank(Kind.REF_TICK, len(bands))
    rows["time"] = time
    rows["table"] = table
    for row, (from_price, tick) in zip(rows, bands, strict=True):
        row["from_price"] = from_price
        row["tick"] = tick
    return rows.view(HEADER)


def line(time: int, number: int = LINE, *, member: int = 0, rights: int = ALL_RIGHTS, account: int = 0) -> Records:
    """REF_LINE; the member is the line's number where none is given."""
    rows = blank(Kind.REF_LINE)
    rows["time"] = time
    rows["line"] = number
    rows["member"] = member or number
    rows["rights"] = rights
    rows["account"] = account
    return rows.view(HEADER)


def book(time: int, of: Book) -> Records:
    """REF_INSTRUMENT with its code and name, and REF_PRICES where the book has a reference price."""
    head = blank(Kind.REF_INSTRUMENT)
    head["time"] = time
    head["flags"] = 2
    head["instrument"] = of.instrument
    head["attributes"] = of.segment
    for name in ("lot", "qty_max", "qty_min", "rules", "group", "table", "allow", "product"):
        head[name] = getattr(of, name)
    head["set"] = of.stabilisation
    texts = blank(Kind.TEXT, 2)
    texts["time"] = time
    texts["text"] = [clip(of.code), clip(of.name)]
    parts = [head, texts]
    if of.reference != NO_PRICE:
        prices = blank(Kind.REF_PRICES)
        prices["time"] = time
        prices["instrument"] = of.instrument
        prices["attributes"] = of.segment
        for name in ("reference", "limit_up", "limit_down", "previous_close"):
            prices[name] = getattr(of, name)
        parts.append(prices)
    return join(parts)


def clip(text: str) -> bytes:
    """UTF-8 of at most 40 bytes, never cut inside a character."""
    return text.encode()[:TEXT_BYTES].decode(errors="ignore").encode()


def phase(
    time: int,
    label: Phase,
    *,
    mode: Mode | None = None,
    allow: int | None = None,
    match: int = 0,
    actions: Action = Action(0),  # noqa: B008
    group: int = GROUP,
) -> Records:
    """PHASE of a group. Mode and allow follow from the label unless given."""
    rows = blank(Kind.PHASE)
    rows["time"] = time
    rows["code"] = label
    rows["group"] = group
    rows["mode"] = usual_mode(label) if mode is None else mode
    rows["allow"] = usual_allow(int(rows["mode"][0])) if allow is None else allow
    rows["match"] = match
    rows["actions"] = actions
    return rows.view(HEADER)


def end_of_day(time: int, *, uncross: bool = True, group: int = GROUP) -> Records:
    """The last phase: closing auction if asked, closing prices, everything left expires."""
    match = Match.UNCROSS if uncross else 0
    return phase(time, Phase.ENDED, match=match, actions=Action.SET_CLOSE | Action.EXPIRE, group=group)


_COLLECTING: Final = {
    Phase.PRE_OPEN,
    Phase.OPEN_CALL,
    Phase.CLOSE_CALL,
    Phase.PERIODIC_CALL,
    Phase.ODD_LOT_CALL,
    Phase.FIXED_PRICE,
    Phase.NO_CANCEL_CALL,
}


def usual_mode(label: int) -> Mode:
    """The mechanism that a label stands for where nobody says otherwise."""
    if label in _COLLECTING:
        return Mode.COLLECT
    return Mode.CONTINUOUS if label in (Phase.CONTINUOUS, Phase.BLOCK) else Mode.SHUT


def usual_allow(mode: int) -> int:
    """What a mode takes where nobody says otherwise."""
    if mode == Mode.COLLECT:
        return int(ALLOW_CALL)
    return int(ALLOW_CONTINUOUS) if mode in (Mode.CONTINUOUS, Mode.PAIR) else 0


def indicate(times: "np.typing.NDArray[np.int64]", group: int = GROUP) -> Records:
    """INDICATE of a group at each of some times."""
    rows = blank(Kind.INDICATE, len(times))
    rows["time"] = times
    rows["group"] = group
    return rows.view(HEADER)
