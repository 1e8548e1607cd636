"""What a room says it offers, it offers: `__all__` is sorted, real, and holds all that its front door brings in."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGE, parsed, python_files


def exported(path: Path) -> list[str] | None:
    """The `__all__` of a file; None if it has none."""
    for node in parsed(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


DOORS = [path for path in python_files(PACKAGE) if exported(path) is not None]


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions: as ruff sorts them."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", DOORS, ids=module_of)
def test_the_list_is_sorted_and_every_name_is_real(path: Path) -> None:
    names = exported(path) or []
    assert names == sorted(set(names), key=order)
    module = importlib.import_module(module_of(path))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", [path for path in DOORS if path.name == "__init__.py"], ids=module_of)
def test_a_front_door_brings_in_nothing_that_it_does_not_list(path: Path) -> None:
    brought = [
        alias.asname or alias.name
        for node in parsed(path).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("evermarket")
        for alias in node.names
    ]
    assert sorted(set(brought) - set(exported(path) or [])) == []


def test_every_room_has_an_opening_sentence() -> None:
    doors = [path / "__init__.py" for path in PACKAGE.iterdir() if path.is_dir() and python_files(path)]
    silent = [module_of(path) for path in doors if path.exists() and not ast.get_docstring(parsed(path))]
    assert silent == []
