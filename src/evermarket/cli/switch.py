"""`evermarket switch`: hand the market to the twin."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

PATIENCE_S = 30.0


def switch(
    folder: Annotated[Path, typer.Option("--folder", help="Where the venue lives.")] = Path("out/venue"),
    by: Annotated[list[str], typer.Option("--by", help="Who asks; twice where rule 6 would refuse.")] = [],  # noqa: B006
    reason: Annotated[str, typer.Option("--reason", help="Why; it is written down.")] = "by hand",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Walk the steps of a switch, each with its time; two people where the states differ."""
    from evermarket.cli.main import fail
    from evermarket.venue.control import ask

    if not by:
        fail("--by says who asks for the switch", 2)
    try:
        answer = asyncio.run(ask(folder / "control", f"switch {','.join(by)} {reason}", PATIENCE_S))
    except (OSError, TimeoutError) as error:
        fail(f"no venue answers in {folder}: {error}", 1)
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    if "refused" in answer:
        fail(f"not switched: {answer['refused']}", 1)
    if not as_json:
        for line in Path(answer["incident"]).read_text("utf-8").splitlines():
            step = json.loads(line)
            facts = {name: value for name, value in step.items() if name not in ("at_ns", "ms", "step")}
            print(f"{step['ms']:10.3f} ms  {step['step']:<24} {' '.join(f'{k}={v}' for k, v in facts.items())}")
