"""`evermarket heterogeneity`: how unlike the two cores are, in three numbers, from stored evidence."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evermarket.continuity.heterogeneity import Report


FOLDER = Path("evidence")


def heterogeneity(
    folder: Annotated[Path, typer.Option("--evidence", help="The folder of evidence.", file_okay=False)] = Path(
        "evidence"
    ),
    release: Annotated[str | None, typer.Option("--release", help="Append the numbers as this release's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How unlike the two cores are: structure, behaviour, fatal faults, mutants."""
    from evermarket.continuity.heterogeneity import add_release, as_dict, history, report

    found = report(folder)
    known = history(folder)
    if as_json:
        print(json.dumps(as_dict(found) | {"history": known}, indent=2, ensure_ascii=False))
    else:
        _show(found, known)
    if release is not None:
        add_release(folder, release, found)


def _show(found: "Report", known: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from evermarket.continuity.heterogeneity import numbers

    screen = Console()
    layers = Table("layer", "weight", "shared", "why", title="Structure: what the two cores have in common")
    for layer in found.layers:
        layers.add_row(layer.name, f"{layer.weight:.2f}", f"{layer.shared:.1f}", layer.why)
    screen.print(layers)
    last = known[-1] if known else {}
    table = Table("number", "now", "change", "counts behind it", title="Heterogeneity")
    counts = {
        "structural": "1 - sum of weight x shared",
        "behavioural": ", ".join(f"{who} wrong {n}" for who, n in found.wrong.items()) + " (defects)",
        "fatal": ", ".join(f"{what} {n}" for what, n in found.fatal_inputs.items()),
    }
    for core, mutants in found.mutants.items():
        told = f"{mutants.answered} by an answer, {mutants.stopped} by a stop, {len(mutants.survivors)} survived"
        counts[f"killed_{core}"] = told if mutants.total else "no mutation run yet"
    for name, value in numbers(found).items():
        before = last.get(name)
        change = f"{value - before:+.3f} since {last['release']}" if value is not None and before is not None else ""
        table.add_row(name, "none yet" if value is None else f"{value:.3f}", change, counts[name])
    screen.print(table)
    for core, mutants in found.mutants.items():
        for row in mutants.survivors:
            fault = f"{row['before']} -> {row['after']}"
            print(f"survivor, {core}: {row['file']}:{row['line']} {fault}: {row['explanation'] or 'not explained'}")
