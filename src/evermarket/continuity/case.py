"""A difference kept: a folder with the vector that shows it, what both sides said, and who was wrong.

`case.json` holds the facts and the verdict; `vector.txt` the commands (`>`) and, for each side, what it answered, in
the plain hex of tests/vectors. A case without a verdict is open. Requirements R5 and R6 of continuity: decided by the
rulebook, by the slow model or a person, never by "the primary is right".
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from evermarket.continuity.compare import Before, Difference
from evermarket.continuity.minimise import Fresh
from evermarket.continuity.runs import runs_of
from evermarket.records import Records

CASE: Final = "case.json"
VECTOR: Final = "vector.txt"


class Verdict(StrEnum):
    """Who was wrong. The last two are common causes and count into beta."""

    OPEN = "open"
    PRIMARY_WRONG = "primary-wrong"
    TWIN_WRONG = "twin-wrong"
    BOTH_WRONG = "both-wrong"
    RULE_UNCLEAR = "rule-unclear"


class Case(msgspec.Struct):
    """`minimal`: commands left after minimising; 0 if neither core gives the difference from these commands (then it
    came from outside the cores: a line, a disk, another version)."""

    what: str
    position: int
    command: str
    left: str | None
    right: str | None
    digests: tuple[str, str] | None
    before: list[Before]
    commands: int
    minimal: int
    verdict: Verdict = Verdict.OPEN
    reason: str = ""
    by: str = ""


def keep(folder: Path, found: Difference, minimal: Records | None, cores: Mapping[str, Fresh]) -> Case:
    """Write the case. Errors: FileExistsError if the folder already holds one."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / CASE).exists():
        raise FileExistsError(f"{folder} already holds a case; choose another folder")
    case = Case(
        what=found.what,
        position=found.position,
        command=found.command.hex(),
        left=found.left.hex() if found.left else None,
        right=found.right.hex() if found.right else None,
        digests=(f"{found.digests[0]:016x}", f"{found.digests[1]:016x}") if found.digests else None,
        before=found.before,
        commands=len(found.prefix),
        minimal=len(minimal) if minimal is not None else 0,
    )
    shown = minimal if minimal is not None else found.prefix
    (folder / VECTOR).write_text(vector(shown, cores), "utf-8")
    _write(folder, case)
    return case


def judge(folder: Path, verdict: Verdict, reason: str, by: str) -> Case:
    """Record who was wrong, why, and who says so. Errors: FileNotFoundError, ValueError without a reason."""
    if not reason.strip():
        raise ValueError("a verdict needs its reason: the rule's article or section")
    case = read(folder)
    case.verdict, case.reason, case.by = verdict, reason, by
    _write(folder, case)
    return case


def read(folder: Path) -> Case:
    """The case of a folder."""
    return msgspec.json.decode((folder / CASE).read_bytes(), type=Case)


def vector(commands: Records, cores: Mapping[str, Fresh]) -> str:
    """Commands one run at a time, each followed by what every core answers, marked where they differ."""
    lines = [
        "# Commands (>) and the answer of each core (core: hex); where they differ is marked.",
        "market one",
    ]
    markets = {name: fresh() for name, fresh in cores.items()}
    for run in runs_of(commands):
        lines += [f"> {run[at : at + 1].tobytes().hex()}" for at in range(len(run))]
        said = {name: _hex(market.run(run)) for name, market in markets.items()}
        digests = {name: int(market.digest) for name, market in markets.items()}
        if len(set(map(tuple, said.values()))) == 1 and len(set(digests.values())) == 1:
            lines += [f"< {row}" for row in next(iter(said.values()))]
            lines.append(f"digest {next(iter(digests.values())):016x}")
            continue
        lines.append("# they differ")
        for name, rows in said.items():
            lines += [f"# {name}: {row}" for row in rows]
            lines.append(f"# {name}: digest {digests[name]:016x}")
    return "\n".join(lines) + "\n"


def _hex(stream: Records) -> list[str]:
    return [stream[at : at + 1].tobytes().hex() for at in range(len(stream))]


def _write(folder: Path, case: Case) -> None:
    text = msgspec.json.format(msgspec.json.encode(case), indent=2)
    (folder / CASE).write_bytes(text + b"\n")
