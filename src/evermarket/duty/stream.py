"""The stream as the duties need it: who the providers are, what they quote, and the records of those books in order.

Source: docs/format.md, sections 2, 4 and 5. Units: those of the records. Two walks: the first finds the reference data
and which regular books a provider's line was seen in, the second hands out the rows of these books and their groups.
Invariants: rows come in position order; a row is the tuple of its kind's fields, in the order of the record.
Known gaps: only the regular segment; a line that is a provider's at any time of the day counts as one all day.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from evermarket.records import HEADER, LAYOUT, Kind, Records
from evermarket.records.kinds import Right, Segment
from evermarket.records.raw import WHOLE
from evermarket.rulebook.ticks import TickTable, make_bands

Row = tuple[Any, ...]
"""position, time, kind, flags, instrument, code, attributes, then the body of the kind."""

ROWS_AT_ONCE: Final = 1 << 16

OF_BOOKS: Final = (
    Kind.REF_PRICES,
    Kind.REFERENCE_SET,
    Kind.ACCEPTED,
    Kind.REJECTED,
    Kind.REDUCED,
    Kind.REPRICED,
    Kind.CANCELLED,
    Kind.CONVERTED,
    Kind.TRADED,
    Kind.QUOTE_REQUESTED,
    Kind.STABILISATION_STARTED,
    Kind.STABILISATION_ENDED,
    Kind.INDICATIVE,
    Kind.CLOSED,
)
OF_GROUPS: Final = (Kind.PHASE_CHANGED, Kind.HALTED, Kind.RESUMED, Kind.INDICATE)


class Provider(NamedTuple):
    """A liquidity provider: the member and the account of its quotes (流動量提供者帳戶)."""

    member: int
    account: int


class Security(msgspec.Struct):
    """One regular book, as REF_INSTRUMENT and REF_CONTRACT tell it."""

    instrument: int
    product: int
    group: int
    table: int
    code: str = ""
    name: str = ""
    underlying: int = 0


class Market(msgspec.Struct):
    """The day's reference data, and who quoted what."""

    securities: dict[int, Security] = {}
    provider_of: dict[int, Provider] = {}
    """By line."""
    quoted: dict[int, set[Provider]] = {}
    """By instrument: the providers whose lines were seen there."""
    bands: dict[int, list[tuple[int, int]]] = {}

    def ticks(self, instrument: int) -> TickTable:
        """The tick table of an instrument's regular book."""
        table = self.securities[instrument].table
        return TickTable("journal", str(table), date.min, make_bands(*self.bands[table]), "REF_TICK")


def batches(parts: Iterable[Records]) -> Iterator[Records]:
    """Arrays joined to a size that pays for NumPy's cost of a call."""
    waiting: list[npt.NDArray[np.uint8]] = []
    size = 0
    for part in parts:
        waiting.append(part.view(np.uint8))
        size += len(part)
        if size >= ROWS_AT_ONCE:
            yield np.concatenate(waiting).view(HEADER)
            waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting).view(HEADER)


def _pick(rows: Records, at: npt.NDArray[np.intp], kind: Kind) -> list[Row]:
    whole = rows.view(WHOLE)  # NumPy copies only named fields: select whole records
    picked: list[Row] = whole[at].view(LAYOUT[kind]).tolist()
    return picked


def survey(parts: Sequence[Records]) -> Market:
    """The first walk. A refused reference command is one without its REFERENCE_SET."""
    market = Market()
    seen: dict[Kind, set[tuple[int, int]]] = {Kind.ACCEPTED: set(), Kind.REJECTED: set()}
    for rows in batches(parts):
        _reference(market, rows)
        regular = (rows["attributes"] & 15) == Segment.REGULAR
        for kind, pairs in seen.items():
            at = np.flatnonzero(regular & (rows["kind"] == kind))
            if len(at):
                body = rows.view(LAYOUT[kind])
                both = body["instrument"][at].astype(np.int64) << 16 | body["line"][at]
                pairs.update((pair >> 16, pair & 0xFFFF) for pair in np.unique(both).tolist())
    for instrument, line in set().union(*seen.values()):
        if instrument in market.securities and line in market.provider_of:
            market.quoted.setdefault(instrument, set()).add(market.provider_of[line])
    return market


def _reference(market: Market, rows: Records) -> None:
    kinds = rows["kind"]
    for kind in (Kind.REF_TICK, Kind.REF_LINE, Kind.REF_INSTRUMENT, Kind.REF_CONTRACT):
        at = np.flatnonzero(kinds == kind)
        answer = np.minimum(at + 1 + (rows["flags"][at] & 15), len(rows) - 1)
        at = at[kinds[answer] == Kind.REFERENCE_SET]
        for place, row in zip(at.tolist(), _pick(rows, at, kind), strict=True):
            _learn(market, kind, row, _texts(rows, place, row[3] & 15))


def _texts(rows: Records, place: int, count: int) -> list[str]:
    texts = rows.view(LAYOUT[Kind.TEXT])["text"][place + 1 : place + 1 + count].tolist()
    return [text.decode("utf-8", "replace") for text in texts]


def _learn(market: Market, kind: Kind, row: Row, texts: list[str]) -> None:
    instrument, segment = row[4], row[6] & 15
    fields = dict(zip(LAYOUT[kind].names or (), row, strict=True))
    if kind == Kind.REF_TICK:
        market.bands.setdefault(fields["table"], []).append((fields["from_price"], fields["tick"]))
    elif kind == Kind.REF_LINE:
        if fields["rights"] & Right.PROVIDER:
            market.provider_of[fields["line"]] = Provider(fields["member"], fields["account"])
    elif kind == Kind.REF_CONTRACT:
        if instrument in market.securities:
            market.securities[instrument].underlying = fields["underlying"]
    elif segment == Segment.REGULAR:
        security = Security(instrument, fields["product"], fields["group"], fields["table"])
        security.code, security.name = (*texts, "", "")[:2]
        market.securities[instrument] = security


def rows_of(parts: Sequence[Records], instruments: set[int]) -> Iterator[Row]:
    """The second walk: the rows of these regular books, and of groups and the whole market, in order."""
    followed = np.zeros(65_536, np.bool_)
    followed[list(instruments)] = True
    of_book, of_group = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    of_book[list(OF_BOOKS)] = of_group[list(OF_GROUPS)] = True
    for rows in batches(parts):
        segment = rows["attributes"] & 15
        ours = followed[rows["instrument"]] & ((segment == Segment.REGULAR) | (segment == 0))
        wide = of_group[rows["kind"]] & ((rows["instrument"] == 0) | ours)
        at = np.flatnonzero((ours & of_book[rows["kind"]]) | wide)
        yield from _in_order(rows, at)


def _in_order(rows: Records, at: npt.NDArray[np.intp]) -> Iterator[Row]:
    kinds = rows["kind"][at]
    out: list[Row] = [()] * len(at)
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        for place, row in zip(places.tolist(), _pick(rows, at[places], Kind(kind)), strict=True):
            out[place] = row
    return iter(out)
