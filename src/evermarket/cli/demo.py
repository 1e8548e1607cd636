"""`evermarket demo`: a simulated board and, where they lie beside the repository, three real Shanghai days; then a live
market whose primary core is killed in the middle of trading."""

import json
import os
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

CALL = ".tools/bin/uv run evermarket"
"""How a newcomer who has only run make calls the command."""

LIVE_SPEED = 1_500
LIVE_ORDERS = 20_000
SIMULATED = {"seed": 7, "members": 80, "orders": 200_000, "instruments": 1_200}


def demo(
    out: Annotated[Path, typer.Option("--out", help="Where everything goes.")] = Path("out/demo"),
    orders: Annotated[int, typer.Option("--orders", help="Orders of the simulated board.")] = SIMULATED["orders"],
    live: Annotated[bool, typer.Option("--live/--no-live", help="The live market and its switch, too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summaries as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """A whole simulated day and three real ones; then what to try next."""
    from evermarket.cli.day import hold

    begin = time.perf_counter()

    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr)

    found: dict[str, Any] = {}
    folders = real_days()
    if not folders:
        say("(no ../shared/data here: the real days are left out)")
    for folder in folders:
        say(f"a real day: {folder.name}")
        _, found[folder.name] = hold(str(folder), out / folder.name, quiet=quiet)
    say("a simulated board")
    options = {**SIMULATED, "orders": orders}
    _, found["simulated"] = hold("sim:", out / "simulated", options=options, quiet=quiet)
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    _show(found, out, folders, time.perf_counter() - begin)
    if live:
        _live(out, say)
    report = out / "simulated" / "report.html"
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(report.resolve().as_uri())


def _live(out: Path, say: Callable[[str], None]) -> None:
    """A day over real sessions in which the primary dies; the last lines are the proof."""
    import shutil

    from evermarket.continuity.venue.drill import RECORDING, in_short, run_drill
    from evermarket.sim.config import SimulationConfig

    say("\na live market: both cores, members over real sessions; its primary will be killed")
    shutil.rmtree(out / "live", ignore_errors=True)
    board = SimulationConfig(seed=7, members=12, orders=LIVE_ORDERS, instruments=300, bad_per_million=0, indicate_s=30)
    report = run_drill(out / "live", board, speed=LIVE_SPEED, kill_after=LIVE_ORDERS // 2, say=say)
    print(f"recorded; to see it again: {CALL} status --replay {out / 'live' / RECORDING}")
    print(f"{in_short(report.proof)}\nthe report: {report.path}")


def shared_data() -> Path | None:
    """The folder of real data: EVERMARKET_SHARED, else ../shared beside the repository."""
    named = os.environ.get("EVERMARKET_SHARED")
    repository = Path(__file__).resolve().parents[3]
    places = [Path(named)] if named else [repository.parent / "shared", Path.cwd().parent / "shared"]
    return next((place / "data" for place in places if (place / "data").is_dir()), None)


def real_days() -> list[Path]:
    """The Shanghai days that are here."""
    data = shared_data()
    return sorted(path for path in (data / "l2_sse").glob("*_*") if path.is_dir()) if data else []


def _show(found: dict[str, Any], out: Path, folders: list[Path], seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("day", "orders", "trades", "stabilised", "commands/s", "digest"):
        table.add_column(name, no_wrap=True, justify="left" if name in ("day", "digest") else "right")
    for name, facts in found.items():
        pace = facts["pace"]
        numbers = [f"{facts[key]:,}" for key in ("orders", "trades", "stabilisations")]
        table.add_row(name, *numbers, f"{pace['commands_per_second']:,}", facts["digest"])
    console = Console()
    console.print(table)
    report = out / "simulated"
    first = folders[0] if folders else "sim:"
    console.print(f"\n{seconds:.0f} s. The report: [bold]{report / 'report.html'}[/]\nTry next:", highlight=False)
    for command in (
        f"{CALL} day {first} --out out/again          # the same day: the same digest",
        f"{CALL} day {report / 'journal'} --out out/replay   # run its journal again, byte by byte",
        f"{CALL} book at 50000 --journal {report / 'journal'}   # the book in the middle of it",
    ):
        console.print(f"  {command}", highlight=False, soft_wrap=True)
