"""What the tests of this folder look at: the files of the house and what they import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "evermarket"
CODE = ("src", "tests", "bench", "scripts", "examples")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(folder: Path) -> list[Path]:
    """Every Python file below a folder."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def house() -> list[Path]:
    """Every Python file of ours."""
    return [path for top in CODE for path in python_files(ROOT / top)]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def shown(path: Path) -> str:
    """A path as a reader knows it."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


def imports(path: Path, package: Path = PACKAGE) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import in a file, wherever it stands; relative ones are resolved."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join(filter(None, (above(path, package, node.level), node.module or "")))
            yield node.lineno, origin
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func):
            texts = (arg.value for arg in node.args if isinstance(arg, ast.Constant))
            yield from ((node.lineno, text) for text in texts if isinstance(text, str))


def above(path: Path, package: Path, level: int) -> str:
    """The package that `level` dots mean in a file; nothing for an absolute import."""
    if level == 0:
        return ""
    parts = [package.name, *path.relative_to(package).parts]
    return ".".join(parts[:-level])


def functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
