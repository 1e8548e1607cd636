"""`evermarket rules`: the rulebook's functions over CSV files.

Exit codes: 0 done, 1 some rows were refused, 2 wrong usage. Tables go to stdout, refusals to stderr.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

app = typer.Typer(help="Ticks, limits, references, spreads and sessions by rule.", no_args_is_help=True)


@app.command("list")
def list_rules(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Each rule with its input and result columns."""
    from evermarket.rulebook.calculator import RULES  # imported late: --help must stay instant

    if as_json:
        names = ("name", "description", "inputs", "optional", "outputs")
        print(
            json.dumps([{name: getattr(rule, name) for name in names} for rule in RULES.values()], ensure_ascii=False)
        )
        return
    for rule in RULES.values():
        optional = f" [{', '.join(rule.optional)}]" if rule.optional else ""
        print(f"{rule.name}: {rule.description}\n  {', '.join(rule.inputs)}{optional} -> {', '.join(rule.outputs)}")


@app.command("apply")
def apply(
    name: Annotated[str, typer.Argument(help="A rule named by `rules list`.")],
    source: Annotated[Path, typer.Option("--in", help="CSV file of inputs.", exists=True, dir_okay=False)],
    target: Annotated[Path | None, typer.Option("--out", help="CSV file of results; absent: stdout.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Apply a rule to every row of a CSV file."""
    from evermarket.rulebook.calculator import RULES, MissingColumnError, apply_rule

    if name not in RULES:
        raise typer.BadParameter(f"no rule {name!r}; known: {', '.join(RULES)}", param_hint="NAME")
    columns, rows = _read(source)
    absent = [column for column in RULES[name].inputs if column not in columns]
    if absent:
        raise typer.BadParameter(f"{source.name} line 1: column {absent[0]} is missing", param_hint="--in")
    try:
        applied = apply_rule(name, rows)
    except MissingColumnError as error:
        raise typer.BadParameter(str(error), param_hint="--in") from error
    header = [*columns, *(column for column in RULES[name].outputs if column not in columns)]
    if target is not None:
        with target.open("w", encoding="utf-8", newline="") as lines:
            _write(lines, header, applied.rows)
    elif not as_json:
        _write(sys.stdout, header, applied.rows)
    if as_json:
        refusals = [{"row": refusal.row, "reason": refusal.reason} for refusal in applied.refusals]
        result = {"rule": name, "rows": len(applied.rows), "refused": len(refusals), "refusals": refusals}
        if target is None:
            result["results"] = applied.rows
        print(json.dumps(result, ensure_ascii=False))
    else:
        for refusal in applied.refusals:
            print(f"row {refusal.row} refused by {refusal.rule}: {refusal.reason}", file=sys.stderr)
        print(f"{len(applied.rows)} rows, {len(applied.refusals)} refused", file=sys.stderr)
    raise typer.Exit(1 if applied.refusals else 0)


def _read(source: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows; a row of another length than the header is wrong usage, with its line."""
    with source.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        header = next(reader, [])
        rows = []
        for cells in reader:
            if len(cells) != len(header):
                text = f"{source.name} line {reader.line_num}: {len(cells)} cells, the header has {len(header)}"
                raise typer.BadParameter(text, param_hint="--in")
            rows.append(dict(zip(header, cells, strict=True)))
    return header, rows


def _write(lines: TextIO, header: list[str], rows: list[dict[str, str]]) -> None:
    writer = csv.DictWriter(lines, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
