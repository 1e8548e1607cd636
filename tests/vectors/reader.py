"""Reads a scenario file. Thirty lines, so that anyone can write the same in another language."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Step:
    """One batch. `first`: it is the first one of an empty market."""

    market: str
    first: bool
    commands: list[bytes] = field(default_factory=list)
    out: list[bytes] = field(default_factory=list)
    digest: int = 0


def read(text: str) -> Iterator[Step]:
    """The steps of a file; a digest line ends each."""
    step = Step("", first=True)
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "market":
            step = Step(rest, first=True)
        elif word == ">":
            step.commands.append(bytes.fromhex(rest))
        elif word == "<":
            step.out.append(bytes.fromhex(rest))
        elif word == "digest":
            step.digest = int(rest, 16)
            yield step
            step = Step(step.market, first=False)
