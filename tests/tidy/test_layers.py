"""Imports point down the list of rooms, never up; the law of the house is `MAY_IMPORT`."""

from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGE, imports, python_files, shown

MAY_IMPORT = {
    "records": set[str](),
    "rulebook": {"records"},
    "journal": {"records"},
    "core": {"records"},
    "twin": {"records"},
    "sim": {"rulebook", "records"},
    "client": {"records"},
    "duty": {"journal", "rulebook", "records"},
    "venue": {"client", "twin", "core", "journal", "rulebook", "records"},
    "day": {"duty", "sim", "twin", "core", "journal", "rulebook", "records"},
    "continuity": {"day", "sim", "venue", "client", "twin", "core", "journal", "rulebook", "records"},
    "cli": {"continuity", "venue", "client", "day", "duty", "sim", "twin", "core", "journal", "rulebook", "records"},
}
"""Room by room, from the ground floor up, which others it may import."""

ALSO = {("sim", "evermarket.core.jit")}
"""Single modules that a room may import beside."""


def upward(package: Path) -> list[str]:
    """Every import that the law forbids, as "file:line imports module"."""
    wrong = []
    for path in python_files(package):
        inside = path.relative_to(package).parts
        room = inside[0] if len(inside) > 1 else ""
        allowed = {room} | MAY_IMPORT.get(room, set())
        for line, module in imports(path, package):
            words = module.split(".")
            if words[0] != package.name or len(words) == 1 or words[1] in allowed:
                continue
            if not any(room == by and f"{module}.".startswith(f"{what}.") for by, what in ALSO):
                wrong.append(f"{shown(path)}:{line} imports {module}")
    return wrong


def test_no_import_points_up() -> None:
    assert upward(PACKAGE) == []


def test_every_room_is_on_the_list() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and python_files(path)}
    assert rooms <= set(MAY_IMPORT), "a new room needs its place in MAY_IMPORT"


def test_the_list_itself_only_points_down() -> None:
    order = list(MAY_IMPORT)
    for room, below in MAY_IMPORT.items():
        assert all(order.index(other) < order.index(room) for other in below), room


@pytest.mark.parametrize(
    ("room", "line", "is_found"),
    [
        ("records", "from evermarket.core import Core", True),
        ("records", "import evermarket.core.run", True),
        ("core", "from evermarket import journal", True),
        ("core", "from evermarket.rulebook.ticks import tick_at", True),
        ("core", "from ..journal import writer", True),
        ("journal", "def late():\n    from evermarket.cli import main", True),
        ("journal", "import importlib\nimportlib.import_module('evermarket.core')", True),
        ("sim", "from evermarket.core import Core", True),
        ("sim", "from evermarket.core.jit import kernel", False),
        ("core", "from evermarket.records import Kind", False),
        ("core", "from . import words", False),
        ("day", "from evermarket.sim.day import SimulatedDay", False),
        ("cli", "from evermarket.day.whole import hold_day", False),
        ("day", "from evermarket.cli import main", True),
        ("records", "import evermarketing.core", False),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, room: str, line: str, is_found: bool) -> None:
    package = tmp_path / "evermarket"
    (package / room).mkdir(parents=True)
    (package / room / "planted.py").write_text(f"{line}\n", "utf-8")
    assert bool(upward(package)) == is_found
