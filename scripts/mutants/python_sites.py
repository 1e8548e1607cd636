"""Places in the primary's kernels that can be broken: comparisons, steps, logic, min and max, updates, checks."""

import ast
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from scripts.mutants.site import Site

COMPARE = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">")}
COMPARE |= {ast.Eq: ("==", "!="), ast.NotEq: ("!=", "==")}
STEP = {ast.Add: ("+", "-"), ast.Sub: ("-", "+")}
EXTREME = {"min": "max", "max": "min"}
HINTS = "look_"
"""Functions that ask for memory ahead of its use; nothing that they do or leave undone can be seen in a byte."""


class Places:
    """Finds the sites of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text("utf-8")
        self.starts = [0, *accumulate(len(line) for line in self.text.splitlines(keepends=True))]

    def offset(self, line: int, column: int) -> int:
        """Columns of the syntax tree count bytes; the kernels' lines are ASCII but for strings."""
        start = self.starts[line - 1]
        row = self.text[start : self.starts[line]].encode()
        return start + len(row[:column].decode())

    def between(self, left: ast.expr, right: ast.expr, before: str, after: str, operator: str) -> Site | None:
        """The operator that stands between two expressions."""
        begin = self.offset(left.end_lineno or 0, left.end_col_offset or 0)
        at = self.text.find(before, begin, self.offset(right.lineno, right.col_offset))
        return Site(self.path, left.end_lineno or 0, at, operator, before, after) if at >= 0 else None

    def whole(self, node: ast.expr | ast.stmt, after: str, operator: str) -> Site:
        """All of a node."""
        begin = self.offset(node.lineno, node.col_offset)
        end = self.offset(node.end_lineno or 0, node.end_col_offset or 0)
        return Site(self.path, node.lineno, begin, operator, self.text[begin:end], after)

    def sites(self) -> Iterator[Site]:
        """Every site inside a function."""
        for function in ast.walk(ast.parse(self.text)):
            if isinstance(function, ast.FunctionDef) and not function.name.startswith(HINTS):
                for node in ast.walk(function):
                    yield from filter(None, self.of(node))

    def of(self, node: ast.AST) -> Iterator[Site | None]:
        """What can be broken at one node."""
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARE:
                yield self.between(left, right, *COMPARE[type(op)], "compare")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in STEP:
                yield self.between(left, right, *STEP[type(op)], "step")
            case ast.BoolOp(op=op, values=[left, right, *_]):
                words = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
                yield self.between(left, right, *words, "logic")
            case ast.Call(func=ast.Name(id=name) as called) if name in EXTREME:
                yield self.whole(called, EXTREME[name], "extreme")
            case ast.AugAssign() | ast.Assign(targets=[ast.Subscript()]):
                yield self.whole(node, "pass", "lost")
            case ast.If(test=test):
                yield self.whole(test, "False", "check")
            case _:
                pass


def python_sites(folder: Path, left_out: set[str]) -> list[Site]:
    """The sites of all kernel files of a folder."""
    files = sorted(path for path in folder.glob("*.py") if path.name not in left_out)
    return [site for path in files for site in Places(path).sites()]
