"""From real order flow to the parameters of the simulation: prints the statistics and writes `calibration.toml`.

Source: the shared test material (EVERMARKET_SHARED, else `../shared` beside the repository): `l2_sse` (every order of
three Shanghai stocks, one day each), `sse_snapshots` (ten levels of 30 stocks), `tw_reference` (daily data, intraday
odd lots). Only derived integers are kept; docs/simulation.md says what each is used for.
Units: permille, ticks, lots, milliseconds, basis points, as each name says. Quantile lists are midpoints of equal
parts of the distribution, so a uniform index draws from it.
Known gaps: Shanghai's lunch break is cut out and its session stretched onto Taipei's; it has no volatility calls.
Run it with `python -m evermarket.sim.calibrate`.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from evermarket.sim.calibration import CALIBRATION_FILE, Calibration, Placement, as_toml
from evermarket.sim.replayed_book import BUY, SELL, ReplayedBook, SeenOrder

SMALL: Final = "2023-07-11_605580"
MIDDLE: Final = "2023-07-11_600536"
LARGE: Final = "2023-02-01_600519"
OPEN_MS: Final = (9 * 60 + 30) * 60_000
LUNCH_MS: Final = (11 * 60 + 30) * 60_000
AFTERNOON_MS: Final = 13 * 3_600_000
CLOSE_CALL_MS: Final = (14 * 60 + 57) * 60_000
OPEN_CALL_MS: Final = (9 * 60 + 25) * 60_000
POINTS: Final = 64
BUCKETS: Final = 54


def shared_folder() -> Path:
    """Where the shared test material lies."""
    named = os.environ.get("EVERMARKET_SHARED")
    return Path(named) if named else Path(__file__).resolve().parents[4] / "shared"


def quantiles(values: Sequence[float], points: int) -> tuple[int, ...]:
    """Midpoints of `points` equal parts of the sorted values, as integers."""
    ranked = sorted(values)
    return tuple(round(ranked[(2 * i + 1) * len(ranked) // (2 * points)]) for i in range(points))


def permille(part: int, whole: int) -> int:
    return round(1000 * part / max(whole, 1))


def read_flow(folder: Path) -> list[SeenOrder]:
    """Replays one stock's day and returns its orders with what they saw."""
    orders = pl.read_csv(folder / "orders.csv.gz", schema_overrides={"price": pl.Float64})
    trades = pl.read_csv(folder / "trades.csv.gz")
    fills: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    auctions: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for time, buy, sell, qty, aggressor in trades.select("time", "buy_no", "sell_no", "qty", "aggressor").iter_rows():
        if aggressor == "N":
            auctions[time].append((buy, sell, qty))
        else:
            own, other = (buy, sell) if aggressor == "B" else (sell, buy)
            fills[own][other] += qty
    return _replay(orders, fills, sorted((_ms(t), rows) for t, rows in auctions.items()))


def _replay(
    orders: pl.DataFrame,
    fills: dict[int, dict[int, int]],
    auctions: list[tuple[int, list[tuple[int, int, int]]]],
) -> list[SeenOrder]:
    book = ReplayedBook()
    for time, action, order_no, side, price, qty in orders.select(
        "time", "action", "order_no", "side", "price", "qty"
    ).iter_rows():
        at = _ms(time)
        while auctions and auctions[0][0] <= at:
            for buy, sell, traded in auctions.pop(0)[1]:
                book.take(buy, traded)
                book.take(sell, traded)
        if action == "C":
            book.cancel(order_no, at)
        else:
            sign = BUY if side == "B" else SELL
            book.enter(order_no, sign, round(price * 100), qty, at, fills=fills.get(order_no, {}))
    return book.seen


def _ms(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    whole, _, fraction = seconds.partition(".")
    return ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1000 + int(fraction or 0)


def session_ms(time_ms: int) -> int:
    """Milliseconds of continuous trading before a time of the day; -1 outside it."""
    if OPEN_MS <= time_ms < LUNCH_MS:
        return time_ms - OPEN_MS
    if AFTERNOON_MS <= time_ms < CLOSE_CALL_MS:
        return time_ms - AFTERNOON_MS + LUNCH_MS - OPEN_MS
    return -1


def continuous(flow: list[SeenOrder]) -> list[SeenOrder]:
    return [order for order in flow if session_ms(order.time_ms) >= 0 and order.is_seen]


def arrival_curve(flows: Sequence[list[SeenOrder]]) -> tuple[int, ...]:
    """Orders a bucket of the session, one stock one vote, scaled to a mean of 1000."""
    length = CLOSE_CALL_MS - AFTERNOON_MS + LUNCH_MS - OPEN_MS
    share = [0.0] * BUCKETS
    for flow in flows:
        times = [t for order in flow if (t := session_ms(order.time_ms)) >= 0]
        for t in times:
            share[t * BUCKETS // length] += 1000 * BUCKETS / len(times) / len(flows)
    return tuple(round(x) for x in share)


def second_noise(flow: list[SeenOrder]) -> tuple[int, ...]:
    """Orders of a second over the mean of its five minutes, in percent."""
    count: dict[int, int] = defaultdict(int)
    mean: dict[int, float] = defaultdict(float)
    for order in flow:
        if (t := session_ms(order.time_ms)) >= 0:
            count[t // 1000] += 1
            mean[t // 300_000] += 1 / 300
    return quantiles([100 * count[s] / mean[s // 300] for s in range(max(count)) if mean[s // 300] > 0], 32)


def gaps(flow: list[SeenOrder]) -> tuple[int, ...]:
    """Time from one order to the next over the mean of its hundred neighbours, in permille."""
    times = [t for order in flow if (t := session_ms(order.time_ms)) >= 0]
    values = []
    for first in range(0, len(times) - 100, 100):
        mean = (times[first + 100] - times[first]) / 100
        values += [1000 * (times[i + 1] - times[i]) / mean for i in range(first, first + 100) if mean > 0]
    return quantiles(values, POINTS)


def placement(flow: list[SeenOrder]) -> Placement:
    """Where orders stand against the best prices when they come in."""
    seen = continuous(flow)
    marketable = [order for order in seen if order.overreach_ticks >= 0]
    passive = [order for order in seen if order.overreach_ticks < 0]
    return Placement(
        marketable_permille=permille(len(marketable), len(seen)),
        overreach_ticks=quantiles([order.overreach_ticks for order in marketable], POINTS),
        distance_ticks=quantiles([order.distance_ticks for order in passive], POINTS),
    )


def lifetimes(flows: Sequence[list[SeenOrder]]) -> tuple[int, tuple[int, ...]]:
    """Share of orders that did not trade at once and were withdrawn, and their lives in milliseconds."""
    passive = [order for flow in flows for order in continuous(flow) if order.overreach_ticks < 0]
    lives = [
        session_ms(order.cancelled_ms) - session_ms(order.time_ms)
        for order in passive
        if session_ms(order.cancelled_ms) >= 0
    ]
    return permille(len(lives), len(passive)), quantiles(lives, POINTS)


def opening_offsets(flows: Sequence[list[SeenOrder]]) -> tuple[int, ...]:
    """How far orders of the opening call reach beyond the median of their day's call, in basis points, both sides."""
    values = []
    for flow in flows:
        call = [order for order in flow if order.time_ms < OPEN_CALL_MS]
        middle = sorted(order.price for order in call)[len(call) // 2]
        values += [10_000 * (order.price - middle) * order.side / middle for order in call]
    return quantiles(values, POINTS)


def lots(flow: list[SeenOrder]) -> tuple[int, ...]:
    """Order sizes in lots of 100 shares."""
    return quantiles([max(1, order.qty // 100) for order in flow], 4 * POINTS)


def spreads(folder: Path) -> tuple[int, ...]:
    """Median spread in ticks of each of the 30 stocks, narrowest first."""
    price = {name: pl.col(name).cast(pl.Float64) for name in ("OfferPrice0", "BidPrice0")}
    rows = (
        pl.read_csv(folder / "2021-12-01_30_stocks.csv.gz", infer_schema_length=0)
        .filter(pl.col("InstrumentStatus") == "TRADE")
        .select("SecurityID", spread=(price["OfferPrice0"] - price["BidPrice0"]) * 100)
        .filter(pl.col("spread") > 0)
        .group_by("SecurityID")
        .agg(pl.col("spread").median())
    )
    return tuple(sorted(round(x) for x in rows["spread"]))


def daily_moves(path: Path) -> tuple[int, ...]:
    """High over low of a day in basis points; the standard deviation of a random walk is about six tenths of it."""
    rows = pl.read_csv(path, infer_schema_length=0).filter(pl.col("volume").cast(pl.Int64, strict=False) > 0)
    high, low = (pl.col(name).cast(pl.Float64, strict=False) for name in ("high", "low"))
    moves = rows.select(move=10_000 * (high - low) / low).drop_nulls()["move"].to_list()
    return quantiles([0.6 * move for move in moves], 16)


def odd_lots(path: Path) -> tuple[tuple[int, ...], int]:
    """Mean shares of an odd-lot trade by security (quantiles), and the rank offset of the law of popularity.

    The offset q of weight 1 / (rank + q) is the one whose first tenth of securities has the observed share of trades.
    """
    rows = pl.read_csv(path, infer_schema_length=0)
    trades = sorted((int(x) for x in rows["transactions"] if x and int(x) > 0), reverse=True)
    pairs = zip(rows["volume"], rows["transactions"], strict=True)
    shares = [int(v) / int(n) for v, n in pairs if v and n and int(n) > 0]
    tenth = len(trades) // 10
    observed = sum(trades[:tenth]) / sum(trades)

    def share(q: int) -> float:
        weights = [1 / (rank + q) for rank in range(1, len(trades) + 1)]
        return sum(weights[:tenth]) / sum(weights)

    return quantiles(shares, 32), min(range(60), key=lambda q: abs(share(q) - observed))


def calibrate(shared: Path) -> Calibration:
    """All statistics of the shared material."""
    data = shared / "data"
    small, middle, large = (read_flow(data / "l2_sse" / name) for name in (SMALL, MIDDLE, LARGE))
    flows = (small, middle, large)
    call = sum(order.time_ms < OPEN_CALL_MS for flow in flows for order in flow)
    late = sum(order.time_ms >= CLOSE_CALL_MS for flow in flows for order in flow)
    total = sum(len(flow) for flow in flows)
    cancelled, life = lifetimes((small, middle))
    odd, offset = odd_lots(data / "tw_reference" / "intraday_odd_lot_2025-08-19.csv")
    return Calibration(
        opening_permille=permille(call, total),
        closing_permille=permille(late, total),
        curve_permille=arrival_curve(flows),
        second_percent=second_noise(small),
        gap_permille=gaps(small),
        lots_cheap=lots(small),
        lots_middle=lots(middle),
        lots_dear=lots(large),
        coarse=placement(small),
        fine=placement(middle),
        cancelled_permille=cancelled,
        life_ms=life,
        opening_bp=opening_offsets(flows),
        spread_ticks=spreads(data / "sse_snapshots"),
        move_bp=daily_moves(data / "tw_reference" / "stock_day.csv.gz"),
        odd_shares=odd,
        rank_offset=offset,
    )


def main() -> None:
    """Prints the file and writes it."""
    text = as_toml(calibrate(shared_folder()))
    sys.stdout.write(text)
    CALIBRATION_FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
