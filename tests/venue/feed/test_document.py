"""The tables of docs/feed.md are those of the code."""

from enum import IntEnum
from pathlib import Path

import numpy as np

from evermarket.records.feed import FEED_LAYOUT, FeedChannel, FeedKind
from evermarket.records.layout import HEADER, RECORD_BYTES

PAGE = Path(__file__).parents[3] / "docs" / "feed.md"


def fields(dtype: np.dtype[np.void]) -> str:
    """The body's fields as the page writes them."""
    rows = sorted((dtype.fields or {}).items(), key=lambda item: int(item[1][1]))
    body = [
        f"{field[1]} {name} {field[0].str.lstrip('<|')}" for name, field in rows if name not in (HEADER.names or ())
    ]
    return ", ".join(body) or "header only"


def rows() -> list[str]:
    """A row a layout, kinds of one layout together."""
    kinds: dict[int, list[FeedKind]] = {}
    for kind, dtype in FEED_LAYOUT.items():
        kinds.setdefault(id(dtype), []).append(kind)
    return [
        f"| {', '.join(f'{kind.name} {kind.value}' for kind in some)} | {fields(FEED_LAYOUT[some[0]])} |"
        for some in kinds.values()
    ]


def test_every_layout_is_on_the_page_as_it_is() -> None:
    page = PAGE.read_text("utf-8")
    assert [row for row in rows() if row not in page] == []
    assert RECORD_BYTES == 64


def test_the_channels_are_on_the_page() -> None:
    words: type[IntEnum] = FeedChannel
    assert ", ".join(f"{one.value} {one.name}" for one in words) in PAGE.read_text("utf-8")
