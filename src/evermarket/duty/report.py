"""The day's report: a table for each provider, and for each issuer what its providers ordered and traded.

Source: ETFLP Art. 6 (a provider's orders and trades go to the issuer, 提供發行人). Units in files: seconds with three
decimals, prices in currency units, spreads in millionths. Written: `duty-<day>.json`, `.csv` and `.html`,
and, for each issuer, `issuer-<name>-<day>-orders.csv` and `-trades.csv`.
Known gaps: an order's row is its last state, its way there (reductions, new prices) is in the journal.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from evermarket.duty.contract import Family
from evermarket.duty.result import Breach, Measure
from evermarket.records import NO_PRICE, PRICE_SCALE
from evermarket.records.kinds import Side, Tif
from evermarket.records.units import SECOND_NS
from evermarket.rulebook.liquidity import FundKind

ZONE: Final = "Asia/Taipei"
_ORDER_HEAD: Final = (
    *("instrument", "code", "member", "account", "line", "order_no", "entered", "side", "price", "qty", "tif"),
    *("filled", "leaves", "ended", "end"),
)
_TRADE_HEAD: Final = (
    *("instrument", "code", "member", "account", "time", "trade_no", "order_no", "side", "price", "qty"),
)

Table = list[dict[str, Any]]


def clock(time_ns: int | None, zone: str = ZONE) -> str:
    """Wall-clock time with microseconds; empty for None."""
    if time_ns is None:
        return ""
    whole, rest = divmod(time_ns, SECOND_NS)
    at = datetime.fromtimestamp(whole, UTC).astimezone(ZoneInfo(zone))
    return f"{at:%H:%M:%S}.{rest // 1000:06d}"


def price_text(price: int) -> str:
    """A price in currency units; empty for NO_PRICE."""
    if price == NO_PRICE:
        return ""
    whole, rest = divmod(price, PRICE_SCALE)
    return f"{whole}.{rest:04d}"


def seconds_text(duration_ns: int) -> str:
    """Seconds with three decimals, rounded down."""
    whole, rest = divmod(duration_ns, SECOND_NS)
    return f"{whole}.{rest // 1_000_000:03d}"


def measure_row(one: Measure) -> dict[str, Any]:
    """A measure without its lists, durations in seconds."""
    row: dict[str, Any] = {}
    for name in one.__struct_fields__:
        value = getattr(one, name)
        if name in ("orders", "trades", "breaches", "excused_ns", "response_ns"):
            continue
        if name.endswith("_ns"):
            row[name.removesuffix("_ns") + "_s"] = seconds_text(value)
        else:
            row[name] = value.value if name in ("family", "fund") else value
    longest = max(one.response_ns, default=None)
    row["response_longest_s"] = "" if longest is None else seconds_text(longest)
    row["excused"] = "; ".join(f"{why} {seconds_text(length)}" for why, length in sorted(one.excused_ns.items()))
    row["valid_permille"] = one.valid_permille
    row["orders"], row["trades"], row["breaches"] = len(one.orders), len(one.trades), len(one.breaches)
    return row


def breach_row(one: Measure, breach: Breach, zone: str = ZONE) -> dict[str, Any]:
    """One breach with who and where."""
    where = {"instrument": one.instrument, "code": one.code, "member": one.member, "account": one.account}
    times = {"from": clock(breach.start, zone), "to": clock(breach.end, zone)}
    return {**where, "issuer": one.issuer, "kind": breach.kind.value, **times}


def order_rows(ours: Iterable[Measure], zone: str = ZONE) -> Table:
    """Providers' orders as the issuer is told them, in the order of their numbers."""
    rows = []
    for one in ours:
        for order in one.orders:
            sides = (Side(order.side).name, price_text(order.price), order.qty, Tif(order.tif).name)
            fate = (order.filled, order.leaves, clock(order.ended, zone), order.end)
            who = (one.instrument, one.code, one.member, one.account, order.line, order.order_no)
            cells = (*who, clock(order.entered, zone), *sides, *fate)
            rows.append(dict(zip(_ORDER_HEAD, cells, strict=True)))
    return sorted(rows, key=lambda row: row["order_no"])


def trade_rows(ours: Iterable[Measure], zone: str = ZONE) -> Table:
    """Providers' trades as the issuer is told them; a trade between two providers is there twice."""
    rows = []
    for one in ours:
        for trade in one.trades:
            deal = (trade.trade_no, trade.order_no, Side(trade.side).name, price_text(trade.price), trade.qty)
            cells = (one.instrument, one.code, one.member, one.account, clock(trade.time, zone), *deal)
            rows.append(dict(zip(_TRADE_HEAD, cells, strict=True)))
    return sorted(rows, key=lambda row: (row["trade_no"], row["order_no"]))


def by_provider(measures: Sequence[Measure]) -> Table:
    """One row a provider over all its instruments."""
    groups: dict[tuple[int, int], list[Measure]] = {}
    for one in measures:
        groups.setdefault((one.member, one.account), []).append(one)
    return [{"member": key[0], "account": key[1], **_sums(ours)} for key, ours in sorted(groups.items())]


def by_issuer(measures: Sequence[Measure]) -> Table:
    """One row an issuer over all its instruments."""
    return [{"issuer": issuer, **_sums(ours)} for issuer, ours in _issuers(measures).items()]


def _issuers(measures: Sequence[Measure]) -> dict[str, list[Measure]]:
    groups: dict[str, list[Measure]] = {}
    for one in sorted(measures, key=lambda one: (one.issuer, one.instrument, one.member)):
        groups.setdefault(one.issuer, []).append(one)
    return groups


def _sums(ours: Sequence[Measure]) -> dict[str, Any]:
    counted = sum(one.counted_ns for one in ours)
    return {
        "instruments": len({one.instrument for one in ours}),
        "valid_permille": sum(one.valid_ns for one in ours) * 1000 // counted if counted else 0,
        "requests": sum(one.requests for one in ours),
        "responses_kept": sum(one.responses_kept for one in ours),
        "quotes": sum(one.quotes for one in ours),
        "refused_tif": sum(one.refused_tif for one in ours),
        "orders": sum(len(one.orders) for one in ours),
        "trades": sum(len(one.trades) for one in ours),
        "breaches": sum(len(one.breaches) for one in ours),
    }


def write_report(folder: Path, day: int, measures: Sequence[Measure], zone: str = ZONE) -> list[Path]:
    """Writes all files of the day into `folder`; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [measure_row(one) for one in measures]
    summary: dict[str, Any] = {
        "trading_day": day,
        "providers": by_provider(measures),
        "issuers": by_issuer(measures),
        "measures": rows,
        "breaches": [breach_row(one, breach, zone) for one in measures for breach in one.breaches],
    }
    paths = [folder / f"duty-{day}.{ending}" for ending in ("json", "csv", "html")]
    paths[0].write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    _write(paths[1], rows, tuple(measure_row(_NOBODY)))
    paths[2].write_text(_page(summary), encoding="utf-8")
    taken: set[str] = set()
    for issuer, ours in _issuers(measures).items():
        name = _file_name(issuer, taken)
        orders, trades = (folder / f"issuer-{name}-{day}-{what}.csv" for what in ("orders", "trades"))
        _write(orders, order_rows(ours, zone), _ORDER_HEAD)
        _write(trades, trade_rows(ours, zone), _TRADE_HEAD)
        paths += [orders, trades]
    return paths


def _file_name(issuer: str, taken: set[str]) -> str:
    """The issuer's name as part of a file name, unlike any before."""
    plain = re.sub(r"[^\w-]+", "-", issuer).strip("-") or "issuer"
    name, again = plain, 2
    while name in taken:
        name, again = f"{plain}-{again}", again + 1
    taken.add(name)
    return name


def _write(path: Path, rows: Table, head: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, head, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _page(summary: dict[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    text = files("evermarket.duty").joinpath("report.html.j2").read_text("utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(text)
    return page.render(summary)


_NOBODY: Final = Measure(
    instrument=0, code="", name="", issuer="", member=0, account=0, family=Family.FUND, fund=FundKind.DOMESTIC
)
