"""Who and what takes part in generated sessions: the books, the lines, and the course of each group's day.

One book of each kind: a stock with limits, band and call checks; its odd lots, fixed price, block and paired block; a
stock without limits; a periodic one; one with Shanghai's rules; one with a provider; one of which nothing is known yet.
"""

from dataclasses import dataclass

from evermarket.records.kinds import ALLOW_CALL, ALLOW_CONTINUOUS, Action, Allow, BookFlag, Match, Mode, Segment
from evermarket.records.units import QTY_MAX
from tests.models.builder import Builder, seconds

FIRST_CHECKED = Action.FIRST_MATCH | Action.CHECK_PRICES | Action.CHECK_CANCELS
CLOSE_CHECKED = Action.SET_CLOSE | Action.CHECK_PRICES
PAIR_ALLOW = Allow.LIMIT_ROD | Allow.CANCEL
STOCKS, PERIODIC, SHANGHAI, ODD, FIXED, BLOCKS, PAIRS = range(1, 8)
LINES = (1, 2, 3, 4, 5)
PROVIDER_LINES = (4, 5)


@dataclass(frozen=True)
class Seat:
    """One book of the cast, with what a generator must know to aim at its rules."""

    instrument: int
    segment: int
    group: int
    lot: int
    usual_lots: int = 5


SEATS = (
    Seat(1, Segment.REGULAR, STOCKS, 1_000),
    Seat(2, Segment.REGULAR, STOCKS, 1_000),
    Seat(3, Segment.REGULAR, PERIODIC, 1_000),
    Seat(4, Segment.REGULAR, SHANGHAI, 100),
    Seat(5, Segment.REGULAR, STOCKS, 1_000),
    Seat(6, Segment.REGULAR, STOCKS, 1),
    Seat(1, Segment.ODD_LOT, ODD, 1, 999),
    Seat(1, Segment.FIXED_PRICE, FIXED, 1_000),
    Seat(1, Segment.BLOCK, BLOCKS, 1, 600_000),
    Seat(1, Segment.BLOCK_PAIRED, PAIRS, 1, 600_000),
)


def open_house(day: Builder) -> None:
    """All reference data of the cast."""
    for table, bands in enumerate(("stock", "fund", "cent", "unit"), 1):
        day.tick_table(table, bands)
    day.stabilisation(1)
    day.stabilisation(2, window_s=10, duration_s=2, band_permille=5, call_permille=5, cancel_permille=100)
    for line, member, rights in ((1, 1, 5), (2, 1, 1), (3, 2, 1), (4, 3, 3), (5, 3, 7)):
        day.line(line, member=member, rights=rights, account=88 if line in PROVIDER_LINES else 0)
    stock = BookFlag.VOLATILITY | BookFlag.CALL_CHECK
    day.book(1, set=1, rules=stock, group=STOCKS)
    day.book(2, set=2, rules=BookFlag.VOLATILITY | BookFlag.CALL_CHECK, group=STOCKS, qty_max=QTY_MAX)
    day.book(3, set=1, rules=BookFlag.PERIODIC_CHECK | BookFlag.CALL_CHECK, group=PERIODIC, allow=ALLOW_CALL)
    shanghai = BookFlag.TIE_MIDDLE | BookFlag.SELL_ODD
    day.book(4, rules=shanghai, group=SHANGHAI, table=3, lot=100, allow=ALLOW_CONTINUOUS & ~Allow.REPRICE)
    day.book(5, set=2, rules=BookFlag.NO_SELF_TRADE | BookFlag.VOLATILITY, group=STOCKS, table=2)
    day.book(6, rules=stock, group=STOCKS, table=4, lot=1)
    odd_allow = Allow.LIMIT_ROD | Allow.CANCEL | Allow.REDUCE
    odd = {"group": ODD, "lot": 1, "qty_max": 999, "set": 1, "rules": BookFlag.PERIODIC_CHECK}
    day.book(1, segment=Segment.ODD_LOT, allow=odd_allow, **odd)
    day.book(1, segment=Segment.FIXED_PRICE, group=FIXED, allow=odd_allow)
    block = {"lot": 1, "table": 3, "qty_max": QTY_MAX, "qty_min": 500_000, "value_min": 15_000_000 * 10_000}
    day.book(1, segment=Segment.BLOCK, group=BLOCKS, rules=BookFlag.VALUE_MINIMUM, **block)
    day.book(1, segment=Segment.BLOCK_PAIRED, group=PAIRS, rules=BookFlag.VALUE_MINIMUM, **block)
    day.prices(1, "100", up="110", down="90", segment=0)
    day.prices(2, "40.62")
    day.prices(3, "50", up="55", down="45")
    day.prices(4, "10", up="11", down="9")
    day.prices(5, "50", up="55", down="45")


Step = dict[str, int | str]


def course(group: int) -> list[Step]:
    """The phases of a group's day, in order, as arguments of `Builder.phase`."""
    late = {"postpone_ns": seconds(120)}
    uncross = {"match": Match.UNCROSS}
    again: Step = {"label": "PERIODIC_CALL", **uncross, "actions": Action.CHECK_LAST, **late}
    end: Step = {"label": "ENDED", "actions": Action.EXPIRE}
    close: Step = {"label": "POST_CLOSE", **uncross, "actions": CLOSE_CHECKED, "postpone_ns": seconds(180)}
    stocks: list[Step] = [
        {"label": "PRE_OPEN"},
        {"label": "PRE_OPEN", "actions": Action.CHECK_START},
        {"label": "CONTINUOUS", **uncross, "actions": FIRST_CHECKED, **late},
        {"label": "CLOSE_CALL", "actions": Action.PURGE_MARKET},
        {"label": "CLOSE_CALL", "actions": Action.CHECK_START},
        {**close, "entry_ns": seconds(60)},
        end,
    ]
    first: Step = {"label": "PERIODIC_CALL", **uncross, "actions": FIRST_CHECKED, **late}
    periodic: list[Step] = [
        {"label": "PRE_OPEN", "actions": Action.CHECK_START},
        first,
        *[again] * 4,
        {"label": "CLOSE_CALL", "actions": Action.CHECK_START},
        close,
        end,
    ]
    shanghai: list[Step] = [
        {"label": "OPEN_CALL"},
        {"label": "NO_CANCEL_CALL"},
        {"label": "CONTINUOUS", **uncross, "actions": Action.FIRST_MATCH},
        {"label": "LUNCH"},
        {"label": "CONTINUOUS"},
        {"label": "ENDED", **uncross, "actions": Action.SET_CLOSE},
        end,
    ]
    odd: list[Step] = [{"label": "ODD_LOT_CALL"}, {**first, "label": "ODD_LOT_CALL", "actions": Action.FIRST_MATCH}]
    odd += [{**again, "label": "ODD_LOT_CALL"}] * 4 + [{**end, **uncross}]
    fixed: list[Step] = [{"label": "FIXED_PRICE"}, {**end, "match": Match.FIXED_PRICE}]
    pairs: list[Step] = [{"label": "BLOCK", "mode": Mode.PAIR, "allow": PAIR_ALLOW}, end]
    courses = {
        STOCKS: stocks,
        PERIODIC: periodic,
        SHANGHAI: shanghai,
        ODD: odd,
        FIXED: fixed,
        BLOCKS: [{"label": "BLOCK"}, end],
        PAIRS: pairs,
    }
    return courses[group]
