"""Writing a day down: CSV for people and programs, Parquet for frames, JSON for scripts (docs/day.md)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evermarket.day.tables import (
    STATUSES,
    closing_frame,
    levels_frame,
    orders_frame,
    refusals_frame,
    statuses,
    trades_frame,
)
from evermarket.day.whole import DayFacts
from evermarket.records import Kind
from evermarket.records.units import SEGMENT_BITS


def write_outputs(facts: DayFacts, out: Path) -> dict[str, Any]:
    """All files but the report into `out`, and the summary that was written too."""
    out.mkdir(parents=True, exist_ok=True)
    source = facts.source
    _write(out, "trades", trades_frame(facts.kept.of(Kind.TRADED), source), facts)
    _write(out, "orders", orders_frame(facts.orders.rows, source), facts)
    _csv(out, "closing", closing_frame(facts.kept.of(Kind.CLOSED), facts.kept.of(Kind.STATISTICS), source))
    _csv(out, "refusals", refusals_frame(facts.kept.of(Kind.REJECTED)))
    if facts.levels is not None:
        _csv(out, "levels", levels_frame(facts.levels.after, facts.levels.rows))
    found = summary(facts)
    (out / "summary.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def _csv(out: Path, name: str, frame: pl.DataFrame) -> None:
    """What is missing is an empty field, without quotes."""
    frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(out / f"{name}.csv")


def _write(out: Path, name: str, frame: pl.DataFrame, facts: DayFacts) -> None:
    _csv(out, name, frame)
    day = facts.source.day
    moment = pl.concat_str(pl.lit(f"{day.day}T"), pl.col("time")).str.to_datetime(time_unit="ns", strict=True)
    exact = frame.with_columns(
        moment.dt.replace_time_zone(day.zone).alias("time"),
        pl.col("price").replace("", None).cast(pl.Decimal(18, 4)),
    )
    exact.write_parquet(out / f"{name}.parquet")


def summary(facts: DayFacts) -> dict[str, Any]:
    """The day in figures; every number can be found again in the files."""
    run, source = facts.run, facts.source
    trades = facts.kept.of(Kind.TRADED)
    rows = facts.orders.rows
    found = np.bincount(statuses(rows[rows["known"]]), minlength=len(STATUSES))
    auctions = facts.kept.of(Kind.AUCTIONED)
    answer: dict[str, Any] = {
        "source": source.title,
        "trading_day": source.day.day.isoformat(),
        "zone": source.day.zone,
        "instruments": len(source.instruments),
        "commands": run.pace.commands_total,
        "timers_inserted": run.timers,
        "records": run.pace.records_total,
        "orders": int(found.sum()),
        "order_outcomes": {word: int(count) for word, count in zip(STATUSES, found, strict=True)},
        "trades": len(trades),
        "volume": int(trades["qty"].sum()),
        "turnover": str(_turnover(trades)),
        "auctions": len(auctions),
        "stabilisations": len(facts.kept.of(Kind.STABILISATION_STARTED)),
        "refusals": _refusals(facts),
        "books_closed": len({(int(r["instrument"]), int(r["attributes"]) & SEGMENT_BITS) for r in _closed(facts)}),
        "digest": f"{run.digest:016x}",
        "position": run.position,
        "stream_sha256": facts.stream_sha256,
        "interrupted": run.interrupted,
        "pace": pace(facts),
    }
    if facts.compared is not None:
        answer["replay_equal"] = facts.compared.first_difference is None
        answer["replay_first_difference"] = facts.compared.first_difference
    if facts.journal_chain:
        answer["journal_chain"] = facts.journal_chain
    return answer


def _closed(facts: DayFacts) -> Any:
    return facts.kept.of(Kind.CLOSED)


def _refusals(facts: DayFacts) -> dict[str, int]:
    frame = refusals_frame(facts.kept.of(Kind.REJECTED))
    return dict(zip(frame["name"].to_list(), frame["count"].to_list(), strict=True))


def _turnover(trades: Any) -> str:
    """Exact sum of price times quantity as decimal text."""
    units = int((trades["price"].astype(object) * trades["qty"].astype(object)).sum()) if len(trades) else 0
    return f"{units // 10_000}.{units % 10_000:04d}".rstrip("0").rstrip(".")


def pace(facts: DayFacts) -> dict[str, float | int]:
    """How fast the core and the journal were in this run, on this machine: no part of the day's facts."""
    measured = facts.run.pace
    took = np.asarray(measured.core_ns or [0], np.float64) / 1e6
    p50, p99 = np.percentile(took, [50, 99])
    seconds = measured.core_seconds
    return {
        "core_seconds": round(seconds, 4),
        "commands_per_second": round(measured.commands_total / seconds) if seconds else 0,
        "records_per_second": round(measured.records_total / seconds) if seconds else 0,
        "pieces": len(measured.core_ns),
        "piece_ms_p50": round(float(p50), 4),
        "piece_ms_p99": round(float(p99), 4),
        "piece_ms_max": round(float(took.max()), 4),
        "journal_seconds": round(facts.journal_ns / 1e9, 4),
        "journal_records_per_second": round(facts.journal_records / facts.journal_ns * 1e9) if facts.journal_ns else 0,
    }
