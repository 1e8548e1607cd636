"""`evermarket market`: what the exchange says to everybody, and stopping and resuming trading by hand."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Announce, halt, resume: the exchange's own word in a running venue.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--folder", help="Where the venue lives.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
VENUE = Path("out/venue")


@app.command()
def announce(
    text: Annotated[str, typer.Argument(help="What is said; 600 bytes at most.")],
    folder: Folder = VENUE,
    as_json: AsJson = False,
) -> None:
    """Tell every member that takes the public flow."""
    _ask(folder, f"announce {text}", as_json)


@app.command()
def halt(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is announced.")],
    folder: Folder = VENUE,
    as_json: AsJson = False,
) -> None:
    """Stop trading in every book; orders may be cancelled and reduced."""
    _ask(folder, f"halt {reason}", as_json)


@app.command()
def resume(folder: Folder = VENUE, as_json: AsJson = False) -> None:
    """Let trading go on in every halted book, by a call auction where it was continuous."""
    _ask(folder, "resume", as_json)


def _ask(folder: Path, words: str, as_json: bool) -> None:
    from evermarket.cli.main import fail
    from evermarket.venue.control import ask

    try:
        answer = asyncio.run(ask(folder / "exchange", " ".join(words.split()), timeout_s=12.0))
    except (OSError, TimeoutError) as error:
        fail(f"no exchange answers in {folder}: {error}", 1)
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    if "refused" in answer:
        fail(f"not done: {answer['refused']}", 1)
    if not as_json:
        print(f"{answer['entered']} commands are in the journal; {answer['halted']} of {answer['books']} books halted")
