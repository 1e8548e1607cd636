"""What the model remembers: lines, tables, orders, books, and the stream it has written (docs/format.md, section 5).

Everything is a plain value in a dictionary or a list, in the shape the document talks about it. Nothing is indexed,
nothing is kept up to date on the side: what can be computed from the live orders is computed when it is asked for.
"""

from dataclasses import dataclass, field

from evermarket.records.codes import Code
from evermarket.records.kinds import BookFlag, Kind, Mode, OrdType, Phase, Right, Segment, Side, Special
from evermarket.records.units import NO_PRICE
from tests.models.ticks import TickTable
from tests.models.words import Word, encode


class Refused(Exception):  # noqa: N818 (an answer, not an error)
    """The command is answered with REJECTED and changes nothing."""

    def __init__(self, code: Code, value: int = 0, bound: int = NO_PRICE) -> None:
        super().__init__(f"{code.name} value {value} bound {bound}")
        self.code, self.value, self.bound = code, value, bound


@dataclass
class Line:
    """Section 5.1. `last_id` is the largest client order id seen on the line (5.2)."""

    member: int
    rights: int
    account: int
    last_id: int = 0


@dataclass
class Stabilisation:
    """The parameters of one REF_STABILISATION set."""

    window_ns: int
    duration_ns: int
    band_permille: int
    call_permille: int
    cancel_permille: int
    periodic_permille: int


@dataclass
class PhaseRow:
    """Section 6.2: what a group's books do now."""

    label: int = Phase.CLOSED
    mode: int = Mode.SHUT
    allow: int = 0


@dataclass
class Order:
    """An order that was accepted. qty = cum + leaves + gone at any time; `gone` was cancelled or reduced."""

    number: int
    instrument: int
    segment: int
    attributes: int
    line: int
    account: int
    side: int
    ord_type: int
    tif: int
    price: int
    qty: int
    pair: int
    priority: int
    is_quote: bool = False
    cum: int = 0
    gone: int = 0

    @property
    def leaves(self) -> int:
        return self.qty - self.cum - self.gone

    @property
    def is_market(self) -> bool:
        return self.ord_type == OrdType.MARKET

    @property
    def has_limit(self) -> bool:
        """A limit order with a price; those of the fixed-price segment have none."""
        return self.ord_type == OrdType.LIMIT and self.price != NO_PRICE


@dataclass
class Standing:
    """A special state of a book (6.1, 6.2, 6.5, 6.6). `entry`: when entry opens, until it has; then and else none."""

    special: Special
    due: int
    entry: int | None = None
    allow_after_entry: int = 0
    owed: int = 0


@dataclass
class Told:
    """What the last INDICATIVE of a book said."""

    price: int = NO_PRICE
    volume: int = 0
    buy_left: int = 0
    sell_left: int = 0


@dataclass
class Filled:
    """One trade between two orders with the limits they had then; only the invariants look at it."""

    price: int
    qty: int
    buy: int
    sell: int
    buy_limit: int | None
    sell_limit: int | None


@dataclass
class Definition:
    """REF_INSTRUMENT's fields."""

    qty_min: int
    lot: int
    qty_max: int
    rules: int
    value_min: int
    group: int
    table: int
    allow: int
    set_no: int


@dataclass
class Book:
    """One instrument in one segment."""

    instrument: int
    segment: int
    rules: Definition
    reference: int = NO_PRICE
    limit_up: int = NO_PRICE
    limit_down: int = NO_PRICE

    label: int = Phase.CLOSED
    mode: int = Mode.SHUT
    allow: int = 0
    halted: bool = False
    standing: Standing | None = None

    orders: list[Order] = field(default_factory=list)

    last: int | None = None
    open: int | None = None
    high: int | None = None
    low: int | None = None
    close: int | None = None
    volume: int = 0
    turnover: int = 0
    trades: int = 0
    continuous: list[tuple[int, int, int]] = field(default_factory=list)
    """Time, price, quantity of the continuous trades: rule 3 of the band."""

    first_match: tuple[int, int | None] | None = None
    volatility_end: tuple[int, int | None] | None = None

    checking: bool = False
    tripped: bool = False
    changed: int = 0
    entered: int = 0
    told: Told = field(default_factory=Told)
    simulated: int | None = None
    simulated_before: int | None = None

    def has(self, rule: BookFlag) -> bool:
        return bool(self.rules.rules & rule)

    def queue(self, side: int) -> list[Order]:
        """The live orders of one side, best first: market orders, then price, then priority."""
        sign = -1 if side == Side.BUY else 1
        mine = [order for order in self.orders if order.side == side]
        return sorted(mine, key=lambda o: (not o.is_market, sign * o.price if o.has_limit else 0, o.priority))

    def limits(self, side: int) -> list[Order]:
        """The limit orders of one side that have a price, best first."""
        return [order for order in self.queue(side) if order.has_limit]

    def best(self, side: int) -> int | None:
        """The best unfilled limit price of a side."""
        orders = self.limits(side)
        return orders[0].price if orders else None

    @property
    def anchor(self) -> int | None:
        """The last trade price of the book, else its reference."""
        if self.last is not None:
            return self.last
        return None if self.reference == NO_PRICE else self.reference

    def begin_collection(self) -> None:
        """6.4: at first, after each auction held, and when the mode becomes COLLECT, nothing has been told."""
        self.told = Told()
        self.simulated = self.simulated_before = None

    def enter_mode(self, label: int, mode: int, allow: int) -> None:
        if mode == Mode.COLLECT and self.mode != Mode.COLLECT:
            self.begin_collection()
        self.label, self.mode, self.allow = label, mode, allow


@dataclass
class Market:
    """The whole state, and the records written so far for the command at hand."""

    lines: dict[int, Line] = field(default_factory=dict)
    tables: dict[int, TickTable] = field(default_factory=dict)
    sets: dict[int, Stabilisation] = field(default_factory=dict)
    groups: dict[int, PhaseRow] = field(default_factory=dict)
    books: dict[tuple[int, int], Book] = field(default_factory=dict)
    """In book order: the order of first definition."""

    orders: dict[int, Order] = field(default_factory=dict)
    """Every order that was accepted today, dead or alive."""

    quotes: dict[tuple[int, int, int], list[Order]] = field(default_factory=dict)
    """Line, instrument, segment: the two sides of the line's last quote there."""

    void_trades: set[int] = field(default_factory=set)
    fills: list[Filled] = field(default_factory=list)

    next_position: int = 1
    next_order: int = 1
    next_trade: int = 1
    next_priority: int = 1
    time: int = 0
    out: list[bytes] = field(default_factory=list)
    expected_order: int = 0
    """The next order number as it was before the command at hand took it (5.3)."""

    last_id_before: int = 0
    """The last client order id of the line as it was before the command at hand (5.2)."""

    def write(self, raw: bytes) -> None:
        """Stamp the next position on a record and put it into the stream."""
        self.out.append(self.next_position.to_bytes(8, "little") + raw[8:])
        self.next_position += 1

    def tell(self, kind: Kind, **values: int) -> None:
        """Write an event; its time is that of the command."""
        self.write(encode(kind, time=self.time, **values))

    def take_priority(self) -> int:
        self.next_priority += 1
        return self.next_priority - 1

    def table(self, book: Book) -> TickTable:
        return self.tables[book.rules.table]

    def row(self, book: Book) -> PhaseRow:
        """The phase row of the book's group."""
        return self.groups.setdefault(book.rules.group, PhaseRow())

    def set_of(self, book: Book) -> Stabilisation | None:
        return self.sets.get(book.rules.set_no)

    def member(self, line: int) -> int:
        """Section 5.1: line 0 belongs to no member."""
        return self.lines[line].member if line else 0

    def is_provider(self, line: int) -> bool:
        return bool(line and self.lines[line].rights & Right.PROVIDER)

    def books_of(self, instrument: int, segment: int) -> list[Book]:
        """One book, or with segment 0 all books of the instrument, in book order."""
        return [b for b in self.books.values() if b.instrument == instrument and segment in (0, b.segment)]

    def scope(self, word: Word) -> list[Book]:
        """6.2: the books of a group, or those of one instrument."""
        if word.group:
            books = [book for book in self.books.values() if book.rules.group == word.group]
            if not books:
                raise Refused(Code.UNKNOWN_GROUP, word.group)
            return books
        return self.instrument_scope(word)

    def instrument_scope(self, word: Word) -> list[Book]:
        books = self.books_of(word.instrument, word.segment)
        if not books:
            raise Refused(Code.UNKNOWN_INSTRUMENT, word.instrument, word.segment)
        return books

    def regular_close(self, book: Book) -> int | None:
        """The closing price of the instrument's regular book."""
        regular = self.books.get((book.instrument, Segment.REGULAR))
        return regular.close if regular else None
