"""Scenario files: commands in, every record out, the digest after each command, and what a person reads beside it.

A file is lines of text. A reader needs only these, and may skip the rest:

    market NAME      an empty market begins
    > HEX            a record of the batch that goes in (64 bytes); the lines up to the next "<" are one batch
    < HEX            the next record that comes out: the commands with their positions, each followed by its events
    digest HEX       the state digest after the batch
    # TEXT           for people: the records read aloud, the book drawn before and after

Each file holds one rule. The expected records come from the model; the answers of published examples are typed by hand
in tests/models/test_examples.py, which runs the same programs.
"""

from collections.abc import Callable, Iterator

from evermarket.records.kinds import FIRST_EVENT
from tests.models.builder import Builder
from tests.models.day import batches
from tests.models.ladder import ladder, side_by_side, told
from tests.models.market import Model
from tests.models.words import join, split

Story = Callable[["Tale"], None]
Books = dict[tuple[int, int], str]


class Tale:
    """Collects the markets of one scenario file, and what is said about them."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.markets: list[tuple[str, Builder]] = []
        self.notes: dict[tuple[int, int], list[str]] = {}

    def market(self, name: str, day: Builder) -> Builder:
        """An empty market that gets the commands of `day`."""
        assert " " not in name, "a name is one word"
        self.markets.append((name, day))
        return day

    def say(self, text: str) -> None:
        """A comment on the next command."""
        number = len(self.markets) - 1
        self.notes.setdefault((number, len(self.markets[number][1].rows)), []).append(text)

    def lines(self) -> Iterator[str]:
        """The file, line by line."""
        yield from (f"# {line}".rstrip() for line in self.title.strip().splitlines())
        for number, (name, day) in enumerate(self.markets):
            yield ""
            yield f"market {name}"
            yield from self._market(number, day)

    def _market(self, number: int, day: Builder) -> Iterator[str]:
        model, at = Model(), 0
        for batch in batches(day.rows):
            before = drawn(model)
            yield ""
            yield from (f"# {text}" for text in self.notes.get((number, at), []))
            yield from (f"# {told(raw)}" for raw in batch)
            yield from (f"> {raw.hex()}" for raw in batch)
            out = split(model.run(join(batch)))
            model.check_invariants()
            yield from (f"#   {told(raw)}" for raw in out if raw[16] >= FIRST_EVENT)
            yield from (f"< {raw.hex()}" for raw in out)
            yield f"digest {model.digest:016x}"
            yield from differences(before, drawn(model))
            at += len(batch)


def drawn(model: Model) -> Books:
    """All books as ladders."""
    return {place: ladder(*model.depth(*place, 8)) for place in model.market.books}


def differences(before: Books, after: Books) -> Iterator[str]:
    """The books that a command changed, before and after."""
    for place, picture in after.items():
        if before.get(place, picture) != picture:
            yield f"# book {place[0]}/{place[1]}"
            yield from (f"# {line}".rstrip() for line in side_by_side(before[place], picture).splitlines())
