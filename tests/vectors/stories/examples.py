"""The worked examples of the Taipei rulebook that touch matching, as builder programs."""

from evermarket.records.kinds import Action, BookFlag, Match, Special, Tif
from tests.models.builder import Builder, market, seconds
from tests.vectors.tale import Tale

LOT = 1_000


def lots(pairs: str) -> list[tuple[str, int]]:
    """ "108.5x100 108x10" as [("108.5", 100_000), ("108", 10_000)]."""
    return [(at, int(qty) * LOT) for at, qty in (pair.split("x") for pair in pairs.split())]


def bids(day: Builder, pairs: str) -> None:
    for at, qty in lots(pairs):
        day.buy(1, at, qty)


def asks(day: Builder, pairs: str) -> None:
    for at, qty in lots(pairs):
        day.sell(1, at, qty)


def continuous(kind: str, *, reference: str, last: str | None = None) -> Builder:
    """Open in continuous trading, with one lot traded at `last`."""
    day = market(kind, reference=reference)
    day.phase("CONTINUOUS")
    if last:
        asks(day, f"{last}x1")
        bids(day, f"{last}x1")
    return day


def banded(clock: str = "09:00:00") -> Builder:
    """A book whose opening auction traded one lot at 100; the band applies."""
    day = market("cent", clock=clock, rules=BookFlag.VOLATILITY, reference="100")
    day.phase("OPEN_CALL")
    asks(day, "100x1")
    bids(day, "100x1")
    day.at(clock)
    day.wait(1)
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    return day


def a1_before_the_match() -> Builder:
    day = market("stock", reference="104")
    day.phase("OPEN_CALL")
    bids(day, "108.5x100 108x10 107.5x20 107x10 106.5x20 106x25 105.5x10 104.5x50 103.5x30 103x10 102.5x10")
    asks(day, "102x20 103x10 103.5x20 104x10 104.5x50 105x40 105.5x22 106x20 106.5x25 107x10 107.5x10 108x20")
    return day


def a1() -> Builder:
    day = a1_before_the_match()
    day.phase("CONTINUOUS", match=Match.UNCROSS, actions=Action.FIRST_MATCH)
    return day


def a3(last: str | None) -> Builder:
    day = continuous("stock", reference="50", last=last)
    day.phase("CLOSE_CALL")
    bids(day, "50.2x30 49.9x20")
    asks(day, "49.85x30 50.5x10")
    day.phase("CONTINUOUS", match=Match.UNCROSS)
    return day


def c1() -> Builder:
    day = continuous("stock", reference="104")
    asks(day, "103x10 103.5x20 104x30 104.5x40 105x50")
    day.buy(1, "104", 50 * LOT)
    return day


def o(tif: Tif) -> Builder:
    day = continuous("stock", reference="100")
    bids(day, "102x1 101x2")
    day.sell(1, "100", 5 * LOT, tif=tif)
    return day


def m2() -> Builder:
    day = continuous("stock", reference="100", last="100")
    asks(day, "103x1 102x1")
    bids(day, "101x5 100x2 99x1")
    day.sell(1, None, 10 * LOT)
    return day


def m4() -> Builder:
    day = continuous("stock", reference="107", last="107")
    day.buy(1, None, LOT)
    bids(day, "110x5 109x5")
    day.sell(1, None, 3 * LOT)
    return day


def m6() -> Builder:
    day = continuous("cent", reference="97", last="97")
    day.buy(1, None, LOT)
    bids(day, "95x1 94x1 90x1")
    day.sell(1, "90", 3 * LOT)
    return day


def v1() -> Builder:
    """Up to the order that trips; `v1_after` goes on."""
    day = banded("08:59:59")
    for clock, at, qty in (("09:01:00", "100", 1), ("09:02:00", "101", 4), ("09:03:00", "102", 5)):
        day.at(clock)
        time = day.now
        asks(day, f"{at}x{qty}")
        day.at(clock)
        day.buy(1, at, qty * LOT, time=time)
    asks(day, "105x1")
    day.at("09:05:01")
    day.buy(1, "105", LOT)
    return day


def v1_after(day: Builder) -> int:
    """The call's auction at 104, two minutes later; when it ended."""
    day.at("09:07:01")
    asks(day, "104x1")
    bids(day, "104x2")
    day.at("09:07:01")
    due = day.now
    day.wait(0.01)
    ended = day.now
    day.timer(1, Special.VOLATILITY, due)
    return ended


def v1_edge(day: Builder, ended: int) -> None:
    """The last nanosecond of the five minutes takes 107.64; the next one measures against the average."""
    day.mass_cancel(line=1)
    asks(day, "107.64x1 111x1")
    day.buy(1, "107.64", LOT, time=ended + seconds(300))
    day.buy(1, "111", LOT, time=ended + seconds(300) + 1)


def band(at: str | None, qty: int, tif: Tif = Tif.ROD, resting: str = "101x1 102x2 104x3") -> Builder:
    """V4 to V10, V20: R is 100."""
    day = banded()
    asks(day, resting)
    day.buy(1, at, qty * LOT, tif=tif)
    return day


def v12() -> Builder:
    day = banded()
    asks(day, "96x1 97x1 98x1")
    day.sell(1, None, LOT)
    day.buy(1, None, 6 * LOT)
    return day


def auctions(tale: Tale) -> None:
    """Examples A1 and A3: the call auction and its tie. TWSE trading mechanism, figures 1.1 and 1.2; derived."""
    tale.market("A1", a1())
    for last in (None, "50.6", "49"):
        tale.market(f"A3-last-{last}", a3(last))


def continuous_trading(tale: Tale) -> None:
    """Examples C1, O1 to O3: sweeps, and the three times in force."""
    tale.market("C1", c1())
    for number, tif in enumerate(Tif, 1):
        tale.market(f"O{number}", o(tif))


def market_orders(tale: Tale) -> None:
    """Examples M2, M4, M6: market orders rest on top and trade at their converted price."""
    tale.market("M2", m2())
    tale.market("M4", m4())
    tale.market("M6", m6())


def volatility_reference(tale: Tale) -> None:
    """Example V1: the three regimes of the band's reference, to the nanosecond."""
    day = tale.market("V1", v1())
    v1_edge(day, v1_after(day))


def volatility_orders(tale: Tale) -> None:
    """Examples V4, V6, V6b, V8, V10, V12, V20: what each order type does at the band."""
    tale.market("V4", band("105", 10))
    tale.market("V6", band("105", 6, Tif.FOK))
    tale.market("V6b", band("105", 5, Tif.FOK))
    tale.market("V8", band("105", 10, Tif.IOC))
    tale.market("V10", band(None, 6))
    tale.market("V12", v12())
    tale.market("V20", band("104", 3, resting="103.5x2 104x1"))


STORIES = (auctions, continuous_trading, market_orders, volatility_reference, volatility_orders)
