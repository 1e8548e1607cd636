"""Services that members come to say in FOLDER/NAME.json that they listen; whoever waits for a venue looks there."""

import os
from collections.abc import Mapping
from typing import Any, Final

from evermarket.continuity.venue.plan import VenuePlan
from evermarket.continuity.venue.process import tell

LISTENING: Final = ("identity", "fix", "relay")
"""Services that say so."""


def tell_listening(plan: VenuePlan, name: str) -> None:
    """This process is service `name`, and its doors are open."""
    tell(plan, name, {"pid": os.getpid()})


def listen(status: Mapping[str, Any]) -> bool:
    """Whether all of them that a venue has do, in their present life. `status`: the supervisor's answer."""
    processes = status.get("processes", {})
    return all(status.get(name, {}).get("pid") == processes[name]["pid"] for name in LISTENING if name in processes)
