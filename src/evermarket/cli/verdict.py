"""`evermarket verdict FOLDER WHO --reason ...`: who was wrong in a difference that was kept, by the rulebook."""

from pathlib import Path
from typing import Annotated

import typer


def verdict(
    folder: Annotated[Path, typer.Argument(help="The folder of a kept difference.", exists=True, file_okay=False)],
    who: Annotated[str, typer.Argument(help="primary-wrong, twin-wrong, both-wrong or rule-unclear.")],
    reason: Annotated[str, typer.Option("--reason", help="The rule: article or section, and what it says.")],
    by: Annotated[str, typer.Option("--by", help="Who decides.")],
) -> None:
    """Record who was wrong in a kept difference."""
    from evermarket.continuity.case import Verdict, judge

    try:
        chosen = Verdict(who)
    except ValueError:
        raise ValueError(f"verdict {who!r} is none of {', '.join(Verdict)}") from None
    case = judge(folder, chosen, reason, by)
    print(f"{folder}: {case.verdict}, {case.reason} ({case.by})")
