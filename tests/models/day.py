"""A builder's commands run through a market one by one, so that a test can look at what the last one caused."""

from typing import Protocol

from evermarket.records import Kind, Records
from evermarket.records.kinds import FIRST_EVENT
from tests.models.builder import Builder
from tests.models.ladder import lines
from tests.models.market import Model
from tests.models.words import Word, decode, join, split


class Market(Protocol):
    """What every core offers."""

    @property
    def digest(self) -> int: ...

    def run(self, commands: Records) -> Records: ...


def batches(commands: list[bytes]) -> list[list[bytes]]:
    """Commands one by one, each with the texts that it announces and that do follow."""
    grouped: list[list[bytes]] = []
    at = 0
    while at < len(commands):
        end = at + 1
        announced = commands[at][17] & 15 if commands[at][16] in (Kind.ANNOUNCE, Kind.REF_INSTRUMENT) else 0
        while end < len(commands) and end - at <= announced and commands[end][16] == Kind.TEXT:
            end += 1
        grouped.append(commands[at:end])
        at = end
    return grouped


class Day:
    """Runs what a builder holds; `go` again after more was written."""

    def __init__(self, builder: Builder | None = None) -> None:
        self.model = Model()
        self.done = 0
        self.last: list[Word] = []
        if builder is not None:
            self.go(builder)

    def go(self, builder: Builder) -> None:
        """Run the commands not yet run, checking the invariants after each."""
        for batch in batches(builder.rows[self.done :]):
            out = split(self.model.run(join(batch)))
            self.last = [decode(raw) for raw in out if raw[16] >= FIRST_EVENT]
            self.model.check_invariants()
        self.done = len(builder.rows)

    def told(self, kind: Kind) -> list[Word]:
        """The events of one kind that the last command caused."""
        return [word for word in self.last if word.kind == kind]

    def read(self) -> str:
        """The last command's events as lines, for messages."""
        return "\n".join(lines([word.raw for word in self.last]))
