"""report.html: a page about the day that needs no network. The chart library is written once beside it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from evermarket.day.report_data import page_data
from evermarket.day.tables import closing_frame, refusals_frame
from evermarket.day.whole import DayFacts
from evermarket.records import Kind

SCRIPT: Final = "plotly.min.js"
CLOSES_SHOWN: Final = 25


def write_report(facts: DayFacts, summary: dict[str, Any], out: Path) -> Path:
    """Write the page into `out`; the answer is its path."""
    environment = Environment(
        loader=PackageLoader("evermarket.day", "page"),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    data = json.dumps(page_data(facts), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    page = environment.get_template("report.html.j2").render(
        summary=summary,
        pace=summary["pace"],
        refusals=refusals_frame(facts.kept.of(Kind.REJECTED)).to_dicts(),
        closes=closes(facts),
        turnover=short(summary["turnover"]),
        data=data,
        library=SCRIPT,
    )
    write_library(out)
    path = out / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def write_library(out: Path) -> None:
    """The chart library beside a page, once."""
    if not (out / SCRIPT).is_file():
        from plotly.offline import get_plotlyjs

        (out / SCRIPT).write_text(get_plotlyjs(), encoding="utf-8")


def short(amount: str) -> str:
    """A large amount in three or four digits: 6.24 bn."""
    number = Decimal(amount)
    for size, word in ((10**12, "tn"), (10**9, "bn"), (10**6, "m")):
        if number >= size:
            return f"{number / size:.2f} {word}"
    return f"{number:,.0f}"


def closes(facts: DayFacts) -> list[dict[str, Any]]:
    """The closing prices with most turnover, and how far they moved."""
    frame = closing_frame(facts.kept.of(Kind.CLOSED), facts.kept.of(Kind.STATISTICS), facts.source)
    names = {one.code: one.name for one in facts.source.instruments}
    rows = [row for row in frame.to_dicts() if row["trades"]]
    rows.sort(key=lambda row: Decimal(row["turnover"]), reverse=True)
    for row in rows[:CLOSES_SHOWN]:
        base = Decimal(row["reference"] or row["open"] or "0")
        close = Decimal(row["close"] or "0")
        row["name"] = names.get(row["code"], "")
        row["change"] = f"{(close - base) / base * 100:+.2f}" if base and close else ""
        row["direction"] = "up" if close > base else "down" if close < base else "flat"
        row["turnover"] = short(row["turnover"])
    return rows[:CLOSES_SHOWN]
