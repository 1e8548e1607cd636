"""REF_TICK, REF_LINE, REF_STABILISATION, REF_INSTRUMENT, REF_PRICES, REF_CONTRACT (docs/format.md, section 5.4).

A broken field is BAD_REFERENCE: the first in the order of the record. Its bound is the nearest end of the field's range
or, where the rule is not a range, NO_PRICE.
"""

from evermarket.records.codes import Code
from evermarket.records.kinds import Kind
from evermarket.records.units import INSTRUMENT_MAX, LINE_MAX, NO_PRICE, PRICE_MAX, QTY_MAX
from tests.models.state import Book, Definition, Line, Market, PhaseRow, Refused, Stabilisation
from tests.models.ticks import TickTable
from tests.models.words import Word

TABLE_MAX = 4_095
BANDS_MAX = 16
TICK_MAX = 10**9
TO_LIMIT_BITS = 0b111 << 6


def within(value: int, low: int, high: int) -> None:
    """The field is broken unless low <= value <= high."""
    if not low <= value <= high:
        raise Refused(Code.BAD_REFERENCE, value, low if value < low else high)


def broken(value: int, bound: int = NO_PRICE) -> Refused:
    return Refused(Code.BAD_REFERENCE, value, bound)


def apply_reference(market: Market, word: Word) -> None:
    """One accepted reference command is answered by one REFERENCE_SET."""
    {
        Kind.REF_TICK: ref_tick,
        Kind.REF_LINE: ref_line,
        Kind.REF_STABILISATION: ref_stabilisation,
        Kind.REF_INSTRUMENT: ref_instrument,
        Kind.REF_PRICES: ref_prices,
        Kind.REF_CONTRACT: ref_contract,
    }[Kind(word.kind)](market, word)
    market.tell(Kind.REFERENCE_SET, code=word.kind, instrument=word.instrument, attributes=word.attributes)


def ref_tick(market: Market, word: Word) -> None:
    table = market.tables.get(word.table, TickTable())
    tick_is_good = 1 <= word.tick <= TICK_MAX
    if not table.bands:
        within(word.from_price, 0, 0)
    else:
        start, tick_before = table.bands[-1]
        if word.from_price <= start:
            raise broken(word.from_price, start + 1)
        if word.from_price % tick_before or (tick_is_good and word.from_price % word.tick):
            raise broken(word.from_price)
    within(word.tick, 1, TICK_MAX)
    within(word.table, 1, TABLE_MAX)
    if any(book.rules.table == word.table for book in market.books.values()):
        raise Refused(Code.STATE, word.table)
    if len(table.bands) == BANDS_MAX:
        raise Refused(Code.FULL, word.table, BANDS_MAX)
    table.bands.append((word.from_price, word.tick))
    market.tables[word.table] = table


def ref_line(market: Market, word: Word) -> None:
    within(word.member, 1, 65_535)
    within(word.line, 1, LINE_MAX)
    before = market.lines.get(word.line)
    market.lines[word.line] = Line(word.member, word.rights, word.account, before.last_id if before else 0)


def ref_stabilisation(market: Market, word: Word) -> None:
    within(word.window_ns, 0, 2**63 - 1)
    within(word.duration_ns, 0, 2**63 - 1)
    for permille in (word.band_permille, word.call_permille, word.cancel_permille, word.periodic_permille):
        within(permille, 0, 1_000)
    within(word.set, 1, TABLE_MAX)
    market.sets[word.set] = Stabilisation(
        word.window_ns,
        word.duration_ns,
        word.band_permille,
        word.call_permille,
        word.cancel_permille,
        word.periodic_permille,
    )


def ref_instrument(market: Market, word: Word) -> None:
    for number, known in ((word.table, word.table in market.tables), (word.set, word.set in {0, *market.sets})):
        if not known:
            raise Refused(Code.UNKNOWN_TABLE, number)
    within(word.instrument, 1, INSTRUMENT_MAX)
    within(word.segment, 1, 6)
    within(word.lot, 1, 2**32 - 1)
    within(word.qty_max, 1, QTY_MAX)
    within(word.group, 1, TABLE_MAX)
    if word.allow & TO_LIMIT_BITS:
        raise broken(word.allow)
    within(word.product, 1, 17)
    rules = Definition(
        word.qty_min,
        word.lot,
        word.qty_max,
        word.rules,
        word.value_min,
        word.group,
        word.table,
        word.allow,
        word.set,
    )
    place = (word.instrument, word.segment)
    if place in market.books:
        redefine(market.books[place], rules)
    else:
        row = market.groups.setdefault(rules.group, PhaseRow())
        market.books[place] = Book(*place, rules, label=row.label, mode=row.mode, allow=row.allow)


def refuse_if_used(book: Book) -> None:
    if book.orders or book.trades:
        raise Refused(Code.STATE, book.instrument)


def redefine(book: Book, rules: Definition) -> None:
    """The old definition goes, its prices are forgotten; phase and place in the book order stay."""
    refuse_if_used(book)
    book.rules = rules
    book.reference = book.limit_up = book.limit_down = NO_PRICE


def ref_prices(market: Market, word: Word) -> None:
    books = market.instrument_scope(word)
    within(word.reference, 1, 2**63 - 1)
    tables = [market.table(book) for book in books]
    if (word.limit_up == NO_PRICE) != (word.limit_down == NO_PRICE):
        raise broken(NO_PRICE)
    if word.limit_up != NO_PRICE:
        for price in (word.limit_up, word.limit_down):
            limit_price(price, tables)
        if word.limit_down > word.limit_up:
            raise broken(word.limit_down, word.limit_up)
    for book in books:
        refuse_if_used(book)
    for book in books:
        book.reference, book.limit_up, book.limit_down = word.reference, word.limit_up, word.limit_down


def limit_price(price: int, tables: list[TickTable]) -> None:
    """In range and on tick of every book's table."""
    within(price, 1, PRICE_MAX)
    if not all(table.in_range(price) and table.on_tick(price) for table in tables):
        raise broken(price)


def ref_contract(market: Market, word: Word) -> None:
    """Reserved for derivatives: taken, and remembered by nobody."""
