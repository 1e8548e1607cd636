"""`evermarket status`: a venue at a glance, once or live."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

REFRESH_S = 0.5


def status(
    folder: Annotated[Path, typer.Option("--folder", help="Where the venue lives.")] = Path("out/venue"),
    watch: Annotated[bool, typer.Option("--watch", help="Stay and refresh until interrupted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Who owns the market, how both cores stand, which processes live."""
    from rich.console import Console
    from rich.live import Live

    from evermarket.cli.main import fail
    from evermarket.continuity.venue.opening import status_of
    from evermarket.continuity.venue.plan import read_plan

    try:
        plan = read_plan(folder)
        found = status_of(plan)
    except (OSError, TimeoutError) as error:
        fail(f"no venue answers in {folder}: {error}", 1)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif not watch:
        Console().print(_table(found))
    else:
        with Live(_table(found), refresh_per_second=2) as live:
            while True:
                time.sleep(REFRESH_S)
                live.update(_table(status_of(plan)))


def _table(found: dict[str, Any]) -> Any:
    from rich.table import Table

    seat = found["seat"] or {}
    market = time.strftime("%H:%M:%S", time.gmtime(found["market_ns"] / 1e9 + 8 * 3600))
    title = f"market {market}  epoch {seat.get('epoch')}  owner {seat.get('owner')}  level {seat.get('level')}"
    table = Table(title=title, title_justify="left", box=None)
    for name in ("core", "state", "epoch", "position", "live", "digest", "sessions", "clean"):
        table.add_column(name, justify="right" if name in ("epoch", "position", "live", "sessions") else "left")
    for name, core in found["cores"].items():
        cells = [core.get(key, "") for key in ("state", "epoch", "position", "live", "digest", "sessions", "clean")]
        table.add_row(
            name,
            *(f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell) for cell in cells),
        )
    living = [name for name, process in found["processes"].items() if process["alive"]]
    exchange = found.get("exchange") or {}
    is_over = found["processes"]["conductor"]["done"]
    stage = exchange.get("stage", "the day is over" if is_over else "silent")
    market = f"market: {stage}, {exchange.get('halted', 0)} books halted   "
    table.caption = market + (
        f"alive: {', '.join(living)}   in step: {', '.join(seat.get('in_step', ()))}   {seat.get('reason', '')}"
    )
    table.caption_justify = "left"
    return table
