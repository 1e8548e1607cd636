"""`evermarket compare LEFT RIGHT`: a journal against another one, or against a core that runs its commands again.

Exit code 3 if they differ. With `--case` the difference is kept: the smallest list of commands that shows it, both
answers, and, once somebody has decided by the rulebook, who was wrong.
"""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evermarket.continuity.case import Case
    from evermarket.continuity.compare import Difference

DIFFERENT = 3


def compare(
    left: Annotated[Path, typer.Argument(help="A journal's folder.", exists=True, file_okay=False)],
    right: Annotated[str, typer.Argument(help="Another journal's folder, or a core: primary, twin.")],
    case: Annotated[Path | None, typer.Option("--case", help="Keep a difference in this folder, minimised.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The first record in which two journals, or a journal and a core, differ."""
    from evermarket.continuity.compare import compare as compared

    found = compared(left, right)
    if found is None:
        print(json.dumps({"equal": True}) if as_json else f"{left} and {right}: the same to the end")
        return
    kept = _keep(case, found) if case is not None else None
    facts = _facts(found, kept)
    print(json.dumps(facts, indent=2, ensure_ascii=False) if as_json else _text(facts, str(left), right))
    raise typer.Exit(DIFFERENT)


def _keep(folder: Path, found: "Difference") -> "Case":
    from evermarket.continuity.case import keep
    from evermarket.continuity.minimise import minimise
    from evermarket.day.cores import NAMES, open_core

    cores = {name: partial(open_core, name) for name in NAMES}
    left, right = cores.values()
    return keep(folder, found, minimise(left, right, found.prefix), cores)


def _facts(found: "Difference", kept: "Case | None") -> dict[str, Any]:
    facts: dict[str, Any] = {
        "equal": False,
        "what": found.what,
        "position": found.position,
        "command": _told(found.command),
        "left": _told(found.left),
        "right": _told(found.right),
        "digests": [f"{one:016x}" for one in found.digests] if found.digests else None,
        "before": [
            {"core": one.core, "digest": f"{one.digest:016x}", "bids": one.bids, "asks": one.asks}
            for one in found.before
        ],
    }
    if kept is not None:
        facts["commands"], facts["minimal"] = kept.commands, kept.minimal
    return facts


def _told(record: bytes | None) -> str | None:
    import numpy as np

    from evermarket.journal.describe import as_line
    from evermarket.records import HEADER

    return None if record is None else as_line(np.frombuffer(record, HEADER)[0])


def _text(facts: dict[str, Any], left: str, right: str) -> str:
    rows = [f"first difference: {facts['what']} at position {facts['position']:,}", f"  command  {facts['command']}"]
    for side, name in (("left", left), ("right", right)):
        rows.append(f"  {side:<7}  {facts[side] or 'nothing'}  ({name})")
    if facts["digests"]:
        rows.append(f"  digests  {facts['digests'][0]} and {facts['digests'][1]}")
    for one in facts["before"]:
        book = "; ".join(f"{word} {_levels(one[word])}" for word in ("bids", "asks"))
        rows.append(f"  before, {one['core']}: digest {one['digest']}; {book}")
    if "minimal" in facts:
        rows.append(
            f"  the cores differ on {facts['minimal']} of its {facts['commands']:,} commands"
            if facts["minimal"]
            else "  the cores agree on its commands: the fault is not in a core"
        )
    return "\n".join(rows)


def _levels(levels: list[tuple[int, int, int]]) -> str:
    from evermarket.day.texts import price_text

    return ", ".join(f"{price_text(price) or 'market'} x {qty}" for price, qty, _ in levels) or "none"
