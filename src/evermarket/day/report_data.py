"""What the report's page draws, as plain numbers: prices in 1/10 000, times as texts of the market's clock.

The page (page/report.js) turns them into charts. Only the busiest instruments are drawn; the files hold all of them.
"""

from typing import Any, Final

import numpy as np

from evermarket.day.orders import Rows
from evermarket.day.source import Ints
from evermarket.day.tables import STATUSES, statuses
from evermarket.day.texts import price_text
from evermarket.day.watching import MINUTE_NS, Curve
from evermarket.day.whole import DayFacts
from evermarket.records import NO_PRICE, Kind, Records
from evermarket.records.kinds import OrdType, Phase, Segment, Special, Tif, TradeKind
from evermarket.records.units import INSTRUMENT_MAX, SEGMENT_BITS

BUSIEST: Final = 10
CURVE_PERCENT: Final = 5
STABILISATIONS_SHOWN: Final = 200
BINS: Final = 48


def page_data(facts: DayFacts) -> dict[str, Any]:
    """Everything that the page's script needs."""
    trades = facts.kept.of(Kind.TRADED)
    return {
        "day": facts.source.day.day.isoformat(),
        "breaks": _breaks(facts),
        "instruments": [_instrument(facts, trades, number) for number in busiest(facts, trades)],
        "activity": _activity(facts, trades),
        "outcomes": outcomes(facts.orders.rows),
        "stabilisations": stabilisations(facts),
        "latency": _latency(facts),
    }


def _moment(facts: DayFacts, time_ns: int) -> str:
    """Local date and time as the charts take it."""
    day = facts.source.day
    return f"{day.day}T{day.clock(time_ns)}.{time_ns // 1_000_000 % 1000:03d}"


def busiest(facts: DayFacts, trades: Records) -> list[int]:
    """The watched instruments with most trades, so that every chart has something to show; without any, all."""
    own = trades[(trades["attributes"] & SEGMENT_BITS) == Segment.REGULAR]
    counts = np.bincount(own["instrument"], minlength=INSTRUMENT_MAX + 1)
    watched = facts.books.instruments if facts.books else []
    candidates = watched or np.flatnonzero(counts).tolist()
    return sorted(candidates, key=lambda number: -counts[number])[:BUSIEST]


def _instrument(facts: DayFacts, trades: Records, number: int) -> dict[str, Any]:
    listed = next(one for one in facts.source.instruments if one.number == number)
    regular = (trades["attributes"] & SEGMENT_BITS) == Segment.REGULAR
    own = trades[(trades["instrument"] == number) & regular]
    return {
        "code": listed.code,
        "name": listed.name,
        "reference": _reference(facts, number),
        "bars": bars(facts, own),
        "auctions": _auctions(facts, number),
        "indicative": _indicative(facts, number),
        "curves": [
            _curve(facts, curve) for curve in (facts.books.curves if facts.books else []) if curve.instrument == number
        ],
        "depth": _depth(facts, number),
    }


def _reference(facts: DayFacts, number: int) -> int | None:
    told = facts.kept.of(Kind.STATISTICS)
    own = told[(told["instrument"] == number) & ((told["attributes"] & SEGMENT_BITS) == Segment.REGULAR)]
    return _or_none(int(own["reference"][-1])) if len(own) else None


def _or_none(price: int) -> int | None:
    return None if price == NO_PRICE else price


def bars(facts: DayFacts, trades: Records) -> dict[str, list[Any]]:
    """Open, high, low, close and volume of each minute that had trades."""
    if not len(trades):
        return {name: [] for name in ("time", "open", "high", "low", "close", "volume")}
    minutes = trades["time"] // MINUTE_NS
    starts = np.flatnonzero(np.diff(minutes, prepend=minutes[0] - 1))
    ends = np.append(starts[1:], len(trades)) - 1
    prices, qtys = trades["price"], trades["qty"].astype(np.int64)
    return {
        "time": [_moment(facts, int(minutes[at]) * MINUTE_NS) for at in starts],
        "open": prices[starts].tolist(),
        "high": np.maximum.reduceat(prices, starts).tolist(),
        "low": np.minimum.reduceat(prices, starts).tolist(),
        "close": prices[ends].tolist(),
        "volume": np.add.reduceat(qtys, starts).tolist(),
    }


def _auctions(facts: DayFacts, number: int) -> list[dict[str, Any]]:
    told = facts.kept.of(Kind.AUCTIONED)
    regular = (told["attributes"] & SEGMENT_BITS) == Segment.REGULAR
    own = told[(told["instrument"] == number) & regular]
    return [
        {
            "time": _moment(facts, int(one["time"])),
            "price": int(one["price"]),
            "volume": int(one["volume"]),
            "kind": TradeKind(int(one["code"])).name.lower(),
        }
        for one in own
    ]


def _indicative(facts: DayFacts, number: int) -> dict[str, list[Any]]:
    told = facts.kept.of(Kind.INDICATIVE)
    regular = (told["attributes"] & SEGMENT_BITS) == Segment.REGULAR
    own = told[(told["instrument"] == number) & regular & (told["price"] != NO_PRICE)]
    return {
        "time": [_moment(facts, int(t)) for t in own["time"]],
        "price": own["price"].tolist(),
        "volume": own["volume"].tolist(),
    }


def _curves(facts: DayFacts) -> list[Curve]:
    return facts.books.curves if facts.books else []


def _curve(facts: DayFacts, curve: Curve) -> dict[str, Any]:
    """Cumulative demand and supply around the price; the auction it led to, if any."""
    told = facts.kept.of(Kind.AUCTIONED)
    held = told[(told["instrument"] == curve.instrument) & (told["time"] == curve.time)]
    sides = {}
    price = int(held["price"][0]) if len(held) else int(curve.bids["price"][0])
    for name, levels in (("demand", curve.bids), ("supply", curve.asks)):
        limits = levels[levels["price"] != NO_PRICE]
        totals = np.cumsum(limits["qty"])
        near = np.abs(limits["price"] - price) * 100 <= CURVE_PERCENT * price
        sides[name] = {"price": limits["price"][near].tolist(), "total": totals[near].tolist()}
    return {
        "time": _moment(facts, curve.time),
        "kind": TradeKind(int(held["code"][0])).name.lower() if len(held) else "call",
        "price": int(held["price"][0]) if len(held) else None,
        "volume": int(held["volume"][0]) if len(held) else 0,
        **sides,
    }


def _depth(facts: DayFacts, number: int) -> dict[str, list[Any]]:
    """One point a level, side and minute."""
    points: dict[str, list[Any]] = {"time": [], "price": [], "qty": [], "side": []}
    for picture in facts.books.depths if facts.books else []:
        if picture.instrument != number:
            continue
        moment = _moment(facts, picture.time // MINUTE_NS * MINUTE_NS)
        for side, levels in (("B", picture.bids), ("S", picture.asks)):
            limits = levels[levels["price"] != NO_PRICE]
            points["time"] += [moment] * len(limits)
            points["price"] += limits["price"].tolist()
            points["qty"] += limits["qty"].tolist()
            points["side"] += [side] * len(limits)
    return points


def _breaks(facts: DayFacts) -> list[list[str]]:
    """From each lunch to the phase after it: nothing happens there, so the charts leave it out."""
    told = facts.kept.of(Kind.PHASE_CHANGED)
    lunches = np.flatnonzero(told["code"] == Phase.LUNCH)
    ends = [(int(told["time"][at]), told["time"][at + 1 :]) for at in lunches]
    return [[_moment(facts, begin), _moment(facts, int(later[0]))] for begin, later in ends if len(later)]


def _activity(facts: DayFacts, trades: Records) -> dict[str, list[Any]]:
    """Orders and trades of each minute, the whole market."""
    rows = facts.orders.rows
    order_minutes = rows["time"][rows["known"]] // MINUTE_NS
    trade_minutes = trades["time"] // MINUTE_NS
    if not len(order_minutes):
        return {"time": [], "orders": [], "trades": []}
    first = int(order_minutes.min())
    length = int(max(order_minutes.max(), trade_minutes.max() if len(trades) else 0)) - first + 1
    orders = np.bincount(order_minutes - first, minlength=length)
    done = np.bincount(trade_minutes - first, minlength=length) if len(trades) else np.zeros(length, np.int64)
    return {
        "time": [_moment(facts, (first + at) * MINUTE_NS) for at in range(length)],
        "orders": orders.tolist(),
        "trades": done.tolist(),
    }


def outcomes(rows: Rows) -> dict[str, Any]:
    """Orders by what they were and what became of them."""
    known = rows[rows["known"]]
    found = statuses(known)
    kinds: Ints = np.where(known["from_quote"], 0, known["ord_type"].astype(np.int64) * 4 + known["tif"])
    names = {0: "quotes"}
    for ord_type in OrdType:
        for tif in Tif:
            names[ord_type * 4 + tif] = f"{ord_type.name.lower().replace('_', ' ')} {tif.name}"
    groups = [kind for kind in np.unique(kinds).tolist() if kind in names]
    counts = {
        word: [int(np.count_nonzero((kinds == kind) & (found == at))) for kind in groups]
        for at, word in enumerate(STATUSES)
    }
    return {"groups": [names[kind] for kind in groups], "counts": counts}


def stabilisations(facts: DayFacts) -> list[dict[str, Any]]:
    """Each interruption from its start to its end, in order of their starts."""
    codes = {one.number: one.code for one in facts.source.instruments}
    ends: dict[tuple[int, int], list[Any]] = {}
    for end in facts.kept.of(Kind.STABILISATION_ENDED):
        ends.setdefault((int(end["instrument"]), int(end["attributes"]) & SEGMENT_BITS), []).append(end)
    found = []
    for begin in facts.kept.of(Kind.STABILISATION_STARTED)[:STABILISATIONS_SHOWN]:
        later = ends.get((int(begin["instrument"]), int(begin["attributes"]) & SEGMENT_BITS), [])
        end = later.pop(0) if later else None
        stop = int(end["time"]) if end is not None else int(begin["due"])
        found.append(
            {
                "code": codes.get(int(begin["instrument"]), "?"),
                "kind": Special(int(begin["code"])).name.lower().replace("_", " "),
                "start": _moment(facts, int(begin["time"])),
                "end": _moment(facts, stop),
                "seconds": (stop - int(begin["time"])) // 1_000_000_000,
                "price": price_text(int(begin["price"])),
                "reference": price_text(int(begin["reference"])),
                "match": price_text(int(end["price"])) if end is not None else "",
            }
        )
    return found


def _latency(facts: DayFacts) -> dict[str, list[Any]]:
    """Histogram of the core's time a piece, on a log scale."""
    took = np.asarray(facts.run.pace.core_ns, np.float64) / 1e6
    if not len(took):
        return {"ms": [], "pieces": []}
    edges = np.geomspace(max(took.min(), 1e-4), took.max() + 1e-9, BINS + 1)
    pieces, _ = np.histogram(took, edges)
    return {"ms": np.round(np.sqrt(edges[1:] * edges[:-1]), 5).tolist(), "pieces": pieces.tolist()}
