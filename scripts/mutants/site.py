"""One place at which a source can be broken, and a fair draw of such places."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Site:
    """Replace `before` by `after` at an offset of a file. `operator`: compare, step, logic, extreme, lost, check."""

    file: Path
    line: int
    offset: int
    operator: str
    before: str
    after: str

    def applied(self, text: str) -> str:
        """The file's text with the fault in it."""
        assert text[self.offset :].startswith(self.before)
        return text[: self.offset] + self.after + text[self.offset + len(self.before) :]


def draw(sites: Iterable[Site], count: int, seed: int) -> list[Site]:
    """`count` sites, operators taken in turn so that the frequent ones do not crowd out the others, in file order."""
    piles: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        piles[site.operator].append(site)
    chance = random.Random(seed)
    for pile in piles.values():
        chance.shuffle(pile)
    chosen: list[Site] = []
    while len(chosen) < count and any(piles.values()):
        for pile in piles.values():
            if pile and len(chosen) < count:
                chosen.append(pile.pop())
    return chosen


Row = dict[str, str]
"""One line of the evidence."""


def described(site: Site, root: Path) -> Row:
    """What the evidence says of a site."""
    before, after = (" ".join(text.split()) for text in (site.before, site.after))
    file, line = str(site.file.relative_to(root)), str(site.line)
    return {"file": file, "line": line, "operator": site.operator, "before": before, "after": after}


def again(sites: Iterable[Site], rows: list[Row], root: Path) -> list[Site]:
    """The sites of rows of an earlier run, as far as they are still in the source."""
    wanted = {(row["file"], row["line"], row["before"], row["after"]) for row in rows}
    told = {site: described(site, root) for site in sites}
    return [site for site, row in told.items() if (row["file"], row["line"], row["before"], row["after"]) in wanted]
