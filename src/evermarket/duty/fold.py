"""The fold of a day: hands each row of the stream to the books it concerns (docs/format.md, section 6).

Invariants: a group's phase row is kept here, for a book that comes back from a special state takes it.
"""

from collections.abc import Mapping, Sequence

from evermarket.duty.book import Book
from evermarket.duty.contract import Contract
from evermarket.duty.stream import Market, Row, rows_of, survey
from evermarket.records import Code, Kind, Records
from evermarket.records.kinds import Mode, Phase


class _Floor:
    """Hands the rows of the stream to the books they concern."""

    def __init__(self, market: Market, instruments: set[int]) -> None:
        self._market = market
        self.books = {
            one: Book(one, market.securities[one].group, sorted(market.quoted.get(one, ()))) for one in instruments
        }
        self._rows: dict[int, tuple[int, int]] = {}
        self._of_group: dict[int, list[Book]] = {}
        for book in self.books.values():
            self._of_group.setdefault(book.group, []).append(book)

    def take(self, row: Row) -> None:
        time, kind, instrument = row[1], row[2], row[4]
        book = self.books.get(instrument)
        if book is None:
            self._wide(row)
            return
        book.at(time)
        if kind == Kind.ACCEPTED:
            book.accepted(row, self._market.provider_of.get(row[12]))
        elif kind in (Kind.REDUCED, Kind.REPRICED, Kind.CANCELLED, Kind.CONVERTED):
            book.changed(row)
        elif kind == Kind.TRADED:
            book.traded(row)
        else:
            self._rare(book, row)

    def _rare(self, book: Book, row: Row) -> None:
        kind = row[2]
        if kind in (Kind.REF_PRICES, Kind.REFERENCE_SET):
            book.priced(row)
        elif kind == Kind.REJECTED:
            provider = self._market.provider_of.get(row[11])
            if row[5] == Code.QUOTE_TIF and provider is not None and provider in book.standing:
                book.standing[provider].refused_tif += 1
        elif kind == Kind.QUOTE_REQUESTED:
            book.requests.append(row[1])
        elif kind == Kind.INDICATIVE:
            book.simulated(row)
        elif kind == Kind.CLOSED:
            book.closed = row[1]
        elif kind in (Kind.STABILISATION_STARTED, Kind.STABILISATION_ENDED):
            book.stabilised(row, self._row(book))
        else:
            self._of_phase(book, row)

    def _row(self, book: Book) -> tuple[int, int]:
        return self._rows.get(book.group, (Phase.CLOSED, Mode.SHUT))

    def _wide(self, row: Row) -> None:
        """A row of a group, or of the whole market."""
        kind = row[2]
        group = row[10] if kind in (Kind.PHASE_CHANGED, Kind.INDICATE) else 0
        if kind == Kind.PHASE_CHANGED and group:
            self._rows[group] = (row[5], row[11])
        for book in self._of_group.get(group, ()) if group else self.books.values():
            if kind != Kind.INDICATE or book.is_collecting:
                book.at(row[1])
                self._of_phase(book, row)

    def _of_phase(self, book: Book, row: Row) -> None:
        kind = row[2]
        if kind == Kind.PHASE_CHANGED:
            book.phase(row[5], row[11], row[14])
        elif kind == Kind.INDICATE:
            book.indicated()
        elif kind == Kind.HALTED:
            book.enter(Phase.HALTED, Mode.SHUT)
        elif kind == Kind.RESUMED:
            book.resumed(row[7], self._row(book))


def fold(parts: Sequence[Records], contracts: Mapping[int, Contract] | None = None) -> tuple[Market, dict[int, Book]]:
    """Both walks over the day's records: the reference data, and the books of what is quoted and their underlyings.

    `contracts` add underlyings and appointed providers that the journal does not tell.
    """
    market = survey(parts)
    terms = (contracts or {}).values()
    for one in terms:
        if one.line in market.provider_of and one.instrument in market.securities:
            market.quoted.setdefault(one.instrument, set()).add(market.provider_of[one.line])
    known = {market.securities[one].underlying for one in market.quoted} | {one.underlying for one in terms}
    floor = _Floor(market, (known | set(market.quoted)) & set(market.securities))
    for row in rows_of(parts, set(floor.books)):
        floor.take(row)
    for book in floor.books.values():
        book.finish()
    return market, floor.books
