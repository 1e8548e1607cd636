"""An incident as a file that a person can read afterwards: a line of JSON a step, in the order in which it happened."""

import json
import time
from pathlib import Path
from typing import Any


class Incident:
    """Begun when something is noticed; every line is on the disk before the next thing is done."""

    def __init__(self, folder: Path, what: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.begun_ns = time.time_ns()
        self.path = folder / f"incident-{self.begun_ns}.jsonl"
        self.lines: list[dict[str, Any]] = []
        self.note("detected", what=what)

    def note(self, step: str, *, at_ns: int | None = None, **facts: Any) -> None:
        """A step, with the milliseconds since the incident began. `at_ns`: when somebody else saw it, if not now."""
        at_ns = time.time_ns() if at_ns is None else at_ns
        line = {"at_ns": at_ns, "ms": round((at_ns - self.begun_ns) / 1e6, 3), "step": step, **facts}
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_incidents(folder: Path) -> list[list[dict[str, Any]]]:
    """All incidents of a venue, oldest first."""
    paths = sorted(folder.glob("incident-*.jsonl"))
    return [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in paths]
