"""Every name that a file takes from the package is there: the type checker reads the package alone."""

import ast
import importlib
from pathlib import Path

from tests.tidy.tree import CODE, ROOT, parsed, python_files, shown


def missing(folder: Path) -> list[str]:
    """Every name imported from the package, wherever in a file, that is not there, as "file:line module.name"."""
    wrong = []
    for path in python_files(folder):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("evermarket"):
                names = [alias.name for alias in node.names if not has(str(node.module), alias.name)]
                wrong += [f"{shown(path)}:{node.lineno} {node.module}.{name}" for name in names]
    return wrong


def has(module: str, name: str) -> bool:
    try:
        if hasattr(importlib.import_module(module), name):
            return True
        importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


def test_everything_that_is_imported_from_the_package_is_there() -> None:
    assert [wrong for top in CODE for wrong in missing(ROOT / top)] == []


def test_a_name_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("from evermarket.records import HEADER, NOTHING\nfrom evermarket.none import x\n")
    assert [wrong.split()[-1] for wrong in missing(tmp_path)] == ["evermarket.records.NOTHING", "evermarket.none.x"]
