"""Documents that run: links lead somewhere, commands exist, nothing names a machine or how the text came about."""

import re
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT, house, shown

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "tests/**/*.md", "bench/**/*.md", "src/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
COMMAND = re.compile(r"(?:^|`)\s*make ([a-z-]+)", re.MULTILINE)
FILE = re.compile(r"`(?:python )?((?:src|docs|scripts|bench|tests|ops|examples|\.ci)/[\w./-]+\.\w+)[^`]*`")
FORBIDDEN = ("/wo" + "rk/", "/ro" + "ot/", "sub" + "agent", "sub-" + "agent", "chat" + "gpt", "clau" + "de")
"""Written in two halves, for this file is looked at too."""


def anchors(path: Path) -> set[str]:
    """The anchors that a page's headings make."""
    heads = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", DOCUMENTS, ids=shown)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target, anchor in LINK.findall(path.read_text("utf-8")):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), f"{target} is not there"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{target}{anchor} is not there"


@pytest.mark.parametrize("path", DOCUMENTS, ids=shown)
def test_every_make_command_and_every_file_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(COMMAND.findall(text)) - targets == set()
    assert [name for name in FILE.findall(text) if not (ROOT / name).exists()] == []


def test_nothing_names_a_machine_or_how_the_text_came_about() -> None:
    others = [ROOT / "Makefile", ROOT / "pyproject.toml", *(ROOT / ".ci").iterdir()]
    wrong = []
    for path in [*DOCUMENTS, *house(), *others]:
        text = path.read_text("utf-8").lower()
        wrong += [f"{shown(path)}: {word}" for word in FORBIDDEN if word in text]
    assert wrong == []


def test_the_checks_themselves_find_what_they_look_for(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A head, with marks\n[a](gone.md) [b](#a-head-with-marks)\n`make nothing`\n", "utf-8")
    assert LINK.findall(page.read_text("utf-8")) == [("gone.md", ""), ("", "#a-head-with-marks")]
    assert anchors(page) == {"#a-head-with-marks"}
    assert COMMAND.findall(page.read_text("utf-8")) == ["nothing"]
