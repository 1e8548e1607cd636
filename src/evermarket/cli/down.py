"""`evermarket down`: end a venue in good order."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

PATIENCE_S = 15.0


def down(
    folder: Annotated[Path, typer.Option("--folder", help="Where the venue lives.")] = Path("out/venue"),
) -> None:
    """Members first, then the cores; the folder stays for whoever wants to look."""
    from evermarket.cli.main import fail
    from evermarket.venue.control import ask

    control = folder / "control"
    try:
        asyncio.run(ask(control, "down"))
    except (OSError, TimeoutError) as error:
        fail(f"no venue answers in {folder}: {error}", 1)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            asyncio.run(ask(control, "status"))
        except (OSError, TimeoutError, ValueError):
            print(f"down; what was is in {folder}")
            return
        time.sleep(0.05)
    fail(f"the venue in {folder} does not end", 1)
