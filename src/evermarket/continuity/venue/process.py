"""What every process of a venue has in common: how it is run, and how it says how it stands."""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from evermarket.continuity.venue.plan import VenuePlan, read_plan


def run(serve: Callable[[VenuePlan], Awaitable[None]]) -> None:
    """`python -m MODULE FOLDER`: what this process does for the venue in FOLDER, until it is done or stopped. Errors:
    FileNotFoundError, msgspec.ValidationError of the plan."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    async def served() -> None:
        await serve(read_plan(Path(sys.argv[1])))

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(served())


def tell(plan: VenuePlan, name: str, facts: Mapping[str, object]) -> None:
    """Say in FOLDER/NAME.json how process `name` stands; whoever reads it sees the whole of one telling."""
    path = plan.folder / f"{name}.json"
    path.with_suffix(".tmp").write_text(json.dumps(facts), "utf-8")
    path.with_suffix(".tmp").replace(path)
