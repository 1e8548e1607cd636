"""A stage for duties: one quoted book, its provider on line 3, investors on lines 1 and 2, an underlying as book 2.

The provider stands at 99.9 / 100.1 with a hundred lots from 08:50 on; a case takes it away, changes it, or asks.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from evermarket.core import Core
from evermarket.duty import Contract, Measure, fold, measure_day
from evermarket.records.kinds import Action, BookFlag, Match, Product
from evermarket.records.units import SECOND_NS
from tests.models.builder import Builder

LOTS = 100_000
"""A hundred lots in shares."""
PROVIDER = 3
Script = Callable[[Builder], None]


def quote(day: Builder, bid: str | None = "99.9", ask: str | None = "100.1", qty: int = LOTS, ask_qty: int = 0) -> None:
    """The provider's quote, instead of the one it had."""
    sides = [(price, size) if price else None for price, size in ((bid, qty), (ask, ask_qty or qty))]
    day.quote(1, sides[0], sides[1], line=PROVIDER)


def withdraw(day: Builder) -> None:
    """The provider leaves the book."""
    day.mass_cancel(instrument=1, line=PROVIDER)


def written(product: Product, script: Script, *, is_cheap: bool = False) -> Builder:
    """A whole day around a script that runs from the open on; `is_cheap`: at half a dollar, without limits."""
    day = Builder("08:30:00")
    day.tick_table(1, "fund")
    day.stabilisation(1)
    day.line(1, member=1, rights=1)
    day.line(2, member=2, rights=1)
    day.line(PROVIDER, member=3, rights=3, account=88)
    day.book(1, product=product, set=1, rules=BookFlag.VOLATILITY, texts=("0050", "名稱"))
    day.book(2)
    if is_cheap:
        day.prices(1, "0.5")
    else:
        day.prices(1, "100", up="110", down="90")
    day.prices(2, "500")
    day.phase("PRE_OPEN")
    day.at("08:50:00")
    quote(day, *(("0.5", "0.51") if is_cheap else ("99.9", "100.1")))
    day.at("09:00:00")
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    script(day)
    if clock(day.now) < "13:25:00":
        day.at("13:25:00")
        day.phase("CLOSE_CALL")
    day.at("13:30:00")
    day.phase("POST_CLOSE", match=Match.UNCROSS, actions=Action.SET_CLOSE)
    day.phase("ENDED", actions=Action.EXPIRE)
    return day


def clock(time_ns: int) -> str:
    """Taipei's wall clock, milliseconds only if there are any."""
    at = datetime.fromtimestamp(time_ns // SECOND_NS, UTC) + timedelta(hours=8)
    rest = time_ns % SECOND_NS // 1_000_000
    return f"{at:%H:%M:%S}" + (f".{rest:03d}" if rest else "")


def measured(product: Product, script: Script, *, is_cheap: bool = False, **terms: object) -> Measure:
    """What the provider did on a day."""
    contract = Contract(instrument=1, **{"underlying": 2, **terms})  # type: ignore[arg-type]
    stream = Core().run(written(product, script, is_cheap=is_cheap).records())
    market, books = fold([stream], {1: contract})
    (one,) = measure_day(market, books, {1: contract})
    return one


def breaches(one: Measure) -> list[str]:
    """Breaches as lines."""
    return [f"{breach.kind.name} {clock(breach.start)}-{clock(breach.end)}" for breach in one.breaches]
