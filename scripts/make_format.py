"""Write the generated tables of docs/format.md from the records: `python scripts/make_format.py [--check]`."""

import sys
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from pathlib import Path

from evermarket.records import LAYOUT, REFUSALS, kinds
from evermarket.records.layout import HEADER

DOCUMENT = Path(__file__).parent.parent / "docs" / "format.md"


def vocabularies() -> Iterator[str]:
    yield "| vocabulary | values |"
    yield "|---|---|"
    for name, item in vars(kinds).items():
        if isinstance(item, type) and issubclass(item, IntEnum | IntFlag) and item not in (IntEnum, IntFlag):
            values = ", ".join(f"{member.value} {member.name}" for member in item)
            yield f"| {name} | {values} |"


def bodies() -> Iterator[str]:
    names = sorted(name for name in HEADER.names or ())
    groups: dict[int, list[kinds.Kind]] = {}
    for kind, dtype in LAYOUT.items():
        groups.setdefault(id(dtype), []).append(kind)
    yield "| kinds | fields: offset name type |"
    yield "|---|---|"
    for members in groups.values():
        dtype = LAYOUT[members[0]]
        fields = dtype.fields or {}
        framing = members[0] >= kinds.FIRST_FRAME
        shown = [
            f"{spec[1]} {name} {spec[0].str.removeprefix('<').removeprefix('|')}"
            for name, spec in sorted(fields.items(), key=lambda f: int(f[1][1]))
            if framing or name not in names
        ]
        yield f"| {', '.join(f'{k.name} {k.value}' for k in members)} | {', '.join(shown) or 'header only'} |"


def refusals() -> Iterator[str]:
    yield "| code | name | sentence | FIX 103 | transient | TWSE | rule |"
    yield "|---|---|---|---|---|---|---|"
    for r in REFUSALS.values():
        yield (
            f"| {r.code.value} | {r.code.name} | {r.sentence} | {r.fix} | "
            f"{'yes' if r.transient else 'no'} | {r.twse} | {r.rule} |"
        )


def generated(text: str) -> str:
    """`text` with each block between `<!-- generated: NAME -->` and `<!-- end -->` written anew."""
    for name, rows in (("vocabularies", vocabularies), ("bodies", bodies), ("refusals", refusals)):
        start = f"<!-- generated: {name} -->\n"
        head, rest = text.split(start)
        _, tail = rest.split("<!-- end -->", 1)
        text = head + start + "\n".join(rows()) + "\n<!-- end -->" + tail
    return text


def main() -> int:
    old = DOCUMENT.read_text("utf-8")
    new = generated(old)
    if "--check" in sys.argv:
        return int(old != new)
    DOCUMENT.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
