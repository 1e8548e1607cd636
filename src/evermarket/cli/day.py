"""`evermarket day SOURCE --out DIR`: run a day; files and report go into the folder."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evermarket.day.whole import DayFacts

DIFFERENT = 3
INTERRUPTED = 1


def day(
    source: Annotated[str, typer.Argument(help="sim: or a file or folder; docs/day.md lists the kinds.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for files and report.")],
    levels_after: Annotated[
        Path | None, typer.Option("--levels-after", help="CSV with a column after_seq.", exists=True, dir_okay=False)
    ] = None,
    core: Annotated[str, typer.Option("--core", help="primary or twin.")] = "primary",
    journal: Annotated[bool, typer.Option("--journal/--no-journal", help="Keep the day's journal.")] = True,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    seed: Annotated[int, typer.Option("--seed", help="sim: the day's seed.")] = 7,
    members: Annotated[int | None, typer.Option("--members", help="sim: members.")] = None,
    orders: Annotated[int | None, typer.Option("--orders", help="sim: orders.")] = None,
    instruments: Annotated[int | None, typer.Option("--instruments", help="sim: securities.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Run a day; its files and a report go to a folder."""
    options = {"seed": seed, "members": members, "orders": orders, "instruments": instruments}
    facts, found = hold(
        source, out, core=core, levels_after=levels_after, journal=journal, report=report, options=options, quiet=quiet
    )
    print(json.dumps(found, indent=2, ensure_ascii=False)) if as_json else show(found, out)
    if facts.run.interrupted:
        raise typer.Exit(INTERRUPTED)
    if facts.compared is not None and facts.compared.first_difference is not None:
        print(f"evermarket: differs from the journal at position {facts.compared.first_difference}", file=sys.stderr)
        raise typer.Exit(DIFFERENT)


def hold(
    source: str,
    out: Path,
    *,
    core: str = "primary",
    levels_after: Path | None = None,
    journal: bool = True,
    report: bool = True,
    options: dict[str, Any] | None = None,
    quiet: bool = False,
) -> tuple["DayFacts", dict[str, Any]]:
    """Open, run and write one day; what `day` and `demo` share."""
    from evermarket.day.cores import open_core
    from evermarket.day.opening import open_source
    from evermarket.day.outputs import write_outputs
    from evermarket.day.whole import Wishes, hold_day

    opened = open_source(source, options)
    engine = open_core(core, (lambda _: None) if quiet else _tell_once)
    wishes = Wishes(progress=not quiet)
    if levels_after is not None:
        wishes.levels_after, wishes.levels_codes = _wanted_levels(levels_after)
    if journal and not opened.complete:
        wishes.journal = _fresh_journal(out)
    facts = hold_day(opened, engine, wishes)
    found = write_outputs(facts, out)
    if report:
        from evermarket.day.report import write_report

        begin = time.perf_counter()
        write_report(facts, found, out)
        if not quiet:
            _tell(f"report written in {time.perf_counter() - begin:.1f} s")
    return facts, found


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


_told: set[str] = set()


def _tell_once(text: str) -> None:
    """What the core says while it gets ready; later days of this process load what is ready."""
    if text not in _told:
        _told.add(text)
        _tell(f"{text}: once, a minute or two; then they are loaded")


def _wanted_levels(path: Path) -> tuple[Any, list[str] | None]:
    from evermarket.day.columns import read_table

    table = read_table(path, ["after_seq"])
    codes = table.text("code").to_list() if table.has("code") else None
    return table.integer("after_seq", 0, 2**62), codes


def _fresh_journal(out: Path) -> Path:
    """The journal of this run; one that an earlier run of the same command left is taken away, and nothing else."""
    folder = out / "journal"
    if folder.is_dir() and not (out / "summary.json").is_file() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not from an earlier run of this command; choose another --out")
    if folder.is_dir():
        for part in (path for path in folder.iterdir() if path.is_file()):
            part.unlink()
    return folder


def show(found: dict[str, Any], out: Path) -> None:
    """The day in ten lines."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    pace = found["pace"]
    outcomes = found["order_outcomes"]
    lines = {
        "day": f"{found['source']}, {found['trading_day']}",
        "orders": f"{found['orders']:,}  "
        + "  ".join(f"{word} {count:,}" for word, count in outcomes.items() if count),
        "trades": f"{found['trades']:,}, {found['volume']:,} shares, turnover {found['turnover']}",
        "auctions": f"{found['auctions']:,}, {found['stabilisations']:,} stabilisations",
        "core": f"{pace['commands_per_second']:,} commands/s, piece p99 {pace['piece_ms_p99']} ms",
        "digest": f"{found['digest']} at position {found['position']:,}",
        "written": str(out),
    }
    if "replay_equal" in found:
        lines["replay"] = "equal, byte by byte" if found["replay_equal"] else "DIFFERENT"
    if found["interrupted"]:
        lines["interrupted"] = "the files hold the day up to the interrupt; run again to have it whole"
    for name, text in lines.items():
        table.add_row(f"[bold]{name}[/]", text)
    Console().print(table)
