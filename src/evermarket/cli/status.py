"""`evermarket status`: a venue at a glance, once or live; or a recorded one again."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

REFRESH_S = 0.5


def status(
    folder: Annotated[Path, typer.Option("--folder", help="Where the venue lives.")] = Path("out/venue"),
    watch: Annotated[bool, typer.Option("--watch", help="Stay and refresh until interrupted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    replay: Annotated[Path | None, typer.Option("--replay", help="Play this recording (asciicast) instead.")] = None,
    speed: Annotated[float, typer.Option("--speed", help="How many times as fast it is played.", min=0.01)] = 1.0,
) -> None:
    """Who owns the market, how both cores and the members stand, what is wrong."""
    if replay is not None:
        _play(replay, speed)
        return
    from rich.console import Console
    from rich.live import Live

    from evermarket.cli.main import fail
    from evermarket.continuity.venue.look import look
    from evermarket.continuity.venue.plan import read_plan
    from evermarket.continuity.venue.terminal import rendered
    from evermarket.sim.members import make_lines

    try:
        plan = read_plan(folder)
    except OSError as error:
        fail(f"no venue answers in {folder}: {error}", 1)
    lines = len(make_lines(plan.board.members))
    found = asyncio.run(look(plan))
    if found.trouble and not watch:
        fail(f"no venue answers in {folder}: {found.trouble}", 1)
    if as_json:
        print(json.dumps(found.status | {"board": found.board, "incidents": found.incidents}, ensure_ascii=False))
    elif not watch:
        Console().print(rendered(found, lines, Console().width))
    else:
        with Live(rendered(found, lines, Console().width), auto_refresh=False) as live:
            while True:
                time.sleep(REFRESH_S)
                live.update(rendered(asyncio.run(look(plan)), lines, live.console.width), refresh=True)


def _play(path: Path, speed: float) -> None:
    from evermarket.cli.main import fail
    from evermarket.continuity.venue.recording import BadRecordingError, play

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        with path.open(encoding="utf-8") as lines:
            play(lines, speed, write)
    except (OSError, UnicodeDecodeError, BadRecordingError) as error:
        fail(f"{path}: {error}", 1)
