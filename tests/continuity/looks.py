"""Looks at a venue for tests, as the supervisor and the cores would tell them."""

from typing import Any

from evermarket.continuity.venue.look import Look
from evermarket.records.units import SECOND_NS

NOW_NS = 1_795_152_245 * SECOND_NS
"""2026-11-20 13:24:05 in Taipei."""


def a_look(**changes: Any) -> Look:
    """A venue in which all is well; `owner="T"` is one after a switch, other changes are of the status's parts."""
    owner = changes.pop("owner", "P")
    board, incidents, trouble = (changes.pop(name, default) for name, default in LOOK.items())
    status: dict[str, Any] = {
        "market_ns": NOW_NS,
        "seat": {"epoch": 1, "owner": owner, "in_step": ["P", "T"], "level": "twin", "reason": "admit T", "by": "P"},
        "cores": {"P": dict(PRIMARY), "T": dict(TWIN)},
        "exchange": {"stage": "trading", "until_ns": 0, "ready_permille": 0, "halted": 0, "books": 60, "commands": 9},
        "processes": {name: dict(RUNS) for name in ("P", "T", "conductor", "crowd", "page")},
    }
    if owner == "T":
        status["seat"] |= {"epoch": 2, "in_step": ["T"], "level": "local", "reason": "drill", "by": "anna"}
        status["cores"] = {"P": dict(GONE), "T": dict(PRIMARY, clean=True)}
        status["processes"]["P"]["alive"] = False
    for path, value in changes.items():
        part, _, name = path.partition("__")
        if name:
            status[part] |= {name: value}
        else:
            status[part] = value
    return Look(status, board, incidents, trouble, NOW_NS)


LOOK: dict[str, Any] = {"board": {"lines": {}, "at_ns": NOW_NS}, "incidents": [], "trouble": ""}
RUNS = {"pid": 7, "lives": 1, "alive": True, "done": False}
GONE = {"state": "SILENT", "why": "ConnectionRefusedError: [Errno 111] Connection refused"}
PRIMARY = {"state": "MATCH", "epoch": 1, "position": 900, "released": 890, "digest": "00000000000000aa", "live": 12}
PRIMARY |= {"sessions": 4, "alarms": []}
TWIN = {"state": "RECOVER", "epoch": 1, "position": 880, "digest": "00000000000000bb", "live": 11, "clean": True}
TWIN |= {"stalled": False, "silent": False, "lag_records": 20, "lag_ms": 600, "alarms": 0, "first_alarm": None}


def a_step(step: str, ms: float = 0.0, **facts: Any) -> dict[str, Any]:
    """A line of an incident that began a second ago."""
    return {"at_ns": NOW_NS - SECOND_NS + int(ms * 1e6), "ms": ms, "step": step, **facts}
