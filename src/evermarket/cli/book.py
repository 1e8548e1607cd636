"""`evermarket book at POSITION`: the book as it stood after a position of a journal, by running its commands again."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="The order book at a moment of a journal.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _book() -> None:
    """The order book at a moment of a journal."""


@app.command("at")
def at(
    position: Annotated[int, typer.Argument(help="A position of the journal.", min=1)],
    journal: Annotated[Path, typer.Option("--journal", help="The journal's folder.", exists=True, file_okay=False)],
    instrument: Annotated[str | None, typer.Option("--instrument", help="Code; absent: of the record there.")] = None,
    levels: Annotated[int, typer.Option("--levels", help="Levels a side.", min=1)] = 5,
    unfilled: Annotated[
        bool, typer.Option("--unfilled", help="As a match held then would leave it, as in a simulated match.")
    ] = False,
    core: Annotated[str, typer.Option("--core", help="primary or twin.")] = "primary",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The book after POSITION: asks above bids."""
    from evermarket.day.book_at import book_at
    from evermarket.day.cores import open_core

    found = book_at(journal, position, open_core(core), code=instrument, levels=levels, unfilled=unfilled)
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _ladder(found)


def _ladder(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"{found['code']} {found['name']} after position {found['position']:,}, {found['time']}"
    table = Table(
        "",
        "price",
        "qty",
        "orders",
        title=title,
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for word, colour, rows in (("ask", "green", reversed(found["asks"])), ("bid", "red", found["bids"])):
        for row in rows:
            table.add_row(word, f"[{colour}]{row['price'] or 'market'}[/]", f"{row['qty']:,}", f"{row['orders']:,}")
        if word == "ask":
            table.add_section()
    Console().print(table)
