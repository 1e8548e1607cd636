"""What a generated session aims at: a theme for the whole session, and the edges of rules in time and in price."""

from dataclasses import dataclass, field
from fractions import Fraction

from evermarket.records.kinds import BookFlag, Segment
from evermarket.records.units import SECOND_NS
from tests.models.cast import ODD, PERIODIC, SEATS, STOCKS, Seat
from tests.models.entering import band_reference
from tests.models.state import Book, Market

Timer = tuple[int, int, int, int]
"""Instrument, segment, special, due."""


@dataclass(frozen=True)
class Theme:
    """Where a session looks closely. `linger`: chance to stay in continuous trading when the phase could go on."""

    seats: tuple[Seat, ...]
    groups: tuple[int, ...]
    focus: float = 0.5
    edges: float = 0.1
    markets: float = 0.15
    linger: float = 0.6
    weights: dict[str, int] = field(default_factory=dict)


REGULAR = tuple(seat for seat in SEATS if seat.segment == Segment.REGULAR)
EVERYTHING = Theme(SEATS, ())
BAND = Theme(
    tuple(seat for seat in REGULAR if seat.instrument in (1, 2, 5)),
    (STOCKS,),
    focus=0.95,
    edges=0.25,
    markets=0.3,
    linger=0.92,
    weights={"_advance_any": 60, "_timer": 70, "_draw": 2, "_quote": 15},
)
CALLS = Theme(
    tuple(seat for seat in REGULAR if seat.instrument in (1, 2, 3)),
    (STOCKS, PERIODIC),
    focus=0.95,
    edges=0.2,
    linger=0.1,
    weights={"_advance_any": 110, "_indicate": 150, "_timer": 120, "_cancel": 130, "_mass_cancel": 12},
)
ROUNDS = Theme(
    tuple(seat for seat in SEATS if seat.group in (PERIODIC, ODD)),
    (PERIODIC, ODD),
    focus=0.95,
    weights={"_advance_any": 120, "_timer": 90},
)
THEMES = (EVERYTHING, BAND, CALLS, ROUNDS)


def price_edges(market: Market, book: Book) -> list[int]:
    """Prices at which a rule turns: the band, the two checks, and one tick to both sides of each."""
    rules = market.set_of(book)
    if rules is None:
        return []
    around: list[tuple[Fraction, int]] = []
    reference = band_reference(market, book)
    if reference is not None:
        around.append((reference, rules.band_permille))
    if book.simulated is not None:
        around.append((Fraction(book.simulated), rules.call_permille))
    if book.last is not None and book.has(BookFlag.PERIODIC_CHECK):
        around.append((Fraction(book.last), rules.periodic_permille))
    exact = [base * (1000 + sign * permille) / 1000 for base, permille in around for sign in (-1, 1)]
    table = market.table(book)
    numbers = [table.number(int(edge)) + step for edge in exact for step in (-1, 0, 1) if edge >= 1]
    return [table.price(number) for number in numbers if number >= 1]


def time_edges(market: Market, timers: list[Timer], now: int) -> list[int]:
    """Times at which a window or a timer ends, and the nanoseconds beside them, within the next ten minutes."""
    edges = [due for *_, due in timers]
    for book in market.books.values():
        rules = market.set_of(book)
        starts = [event[0] for event in (book.first_match, book.volatility_end) if event]
        starts += [time for time, _, _ in book.continuous[-3:]]
        edges += [start + rules.window_ns for start in starts if rules]
    beside = [edge + step for edge in edges for step in (-1, 0, 1)]
    return [time for time in beside if now < time < now + 600 * SECOND_NS]
