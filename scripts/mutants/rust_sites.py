"""Places in the twin's market that can be broken, found by its tokens; comments, strings and tests are left out.

A token that turns out not to be an operator (a type's `<`) gives a source that does not compile; such a draw counts
for nothing and another one is taken.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from scripts.mutants.site import Site

SKIP = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|#!?\[[^\n]*\]', re.DOTALL)
TOKENS: list[tuple[str, str, str, str]] = [
    ("compare", r"(?<= )<(?= )", "<", "<="),
    ("compare", r"(?<= )<=(?= )", "<=", "<"),
    ("compare", r"(?<= )>(?= )", ">", ">="),
    ("compare", r"(?<= )>=(?= )", ">=", ">"),
    ("compare", r"(?<= )==(?= )", "==", "!="),
    ("compare", r"(?<= )!=(?= )", "!=", "=="),
    ("step", r"(?<= )\+(?= )", "+", "-"),
    ("step", r"(?<=[\w)] )-(?= )", "-", "+"),
    ("logic", r"(?<= )&&(?= )", "&&", "||"),
    ("logic", r"(?<= )\|\|(?= )", "||", "&&"),
    ("extreme", r"\.min\(", ".min(", ".max("),
    ("extreme", r"\.max\(", ".max(", ".min("),
]
UPDATE = re.compile(r"^[ \t]+([\w.\[\]()*]+ (?:[-+]?=) [^\n{}]*;)$", re.MULTILINE)
CHECK = re.compile(r"\bif (?!let\b)([^\n{}]+?) \{")


def blanked(text: str) -> str:
    """The text with everything that is not code as spaces, and without its tests; offsets stay."""
    code = SKIP.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    tests = text.find("#[cfg(test)]")
    return code if tests < 0 else code[:tests]


def sites_of(path: Path) -> Iterator[Site]:
    """The sites of one file."""
    text = path.read_text("utf-8")
    code = blanked(text)

    def site(offset: int, operator: str, before: str, after: str) -> Site:
        return Site(path, text.count("\n", 0, offset) + 1, offset, operator, before, after)

    for operator, pattern, before, after in TOKENS:
        for found in re.finditer(pattern, code):
            yield site(found.start(), operator, before, after)
    for found in UPDATE.finditer(code):
        if not found.group(1).startswith(("let ", "const ", "static ", "type ", "return ")):
            yield site(found.start(1), "lost", text[found.start(1) : found.end(1)], ";")
    for found in CHECK.finditer(code):
        yield site(found.start(1), "check", text[found.start(1) : found.end(1)], "false")


def rust_sites(folder: Path) -> list[Site]:
    """The sites of all files of a folder and the folders in it."""
    return [site for path in sorted(folder.rglob("*.rs")) if path.stem != "tests" for site in sites_of(path)]
