"""Traps that end in wrong trades without an error. Naive checks: good code that fails here can be written plainer."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGE, Function, functions, imports, parsed, python_files, shown

CORE = PACKAGE / "core"
DECORATORS = {"kernel", "hot", "entry"}
NAMESPACES = {"st", "w", "np"}
"""What a kernel may write a dot behind: the state and modules of constants. A record's field is record["field"]."""

ALSO_IN = {
    "jit.py": {"hashlib", "importlib", "os", "sys", "pathlib", "numba"},
    "machine.py": {"llvmlite"},
    "engine.py": {"gc"},
    "state.py": {"mmap"},
}
"""What single files of the core need beside: compiling, the collector while compiling, address space."""

EVERYWHERE = {"typing", "collections", "numpy", "evermarket"}
IN_AND_OUT = {"open", "print", "input", "exec", "eval", "breakpoint"}
FIGURES = {"memory_per_order"}
"""Functions that tell a figure to people; no order and no rule depends on it."""

WITHOUT_FLOATS = ("core", "records", "rulebook")


def kernels(path: Path) -> Iterator[Function]:
    for function in functions(parsed(path)):
        if any(isinstance(mark, ast.Name) and mark.id in DECORATORS for mark in function.decorator_list):
            yield function


def traps(function: Function) -> Iterator[str]:
    """What a kernel must not hold."""
    for node in ast.walk(function):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in NAMESPACES):
            yield f'{line}: {ast.unparse(node)}: a field is record["{node.attr}"]'
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{line}: the float {node.value}"
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"{line}: / makes a float, // does not"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield f"{line}: a float"
        if isinstance(node, ast.List | ast.Dict | ast.Set | ast.Global | ast.Try | ast.Lambda):
            yield f"{line}: {type(node).__name__}: arrays in, counts out"
    if function.args.defaults or function.args.kw_defaults:
        yield f"{function.lineno}: a default value"


def test_no_kernel_holds_a_trap() -> None:
    found = [f"{shown(path)}:{trap}" for path in python_files(CORE) for k in kernels(path) for trap in traps(k)]
    assert found == []


def test_there_are_kernels_to_look_at() -> None:
    assert sum(1 for path in python_files(CORE) for _ in kernels(path)) > 100


@pytest.mark.parametrize(
    "body",
    [
        "return rec.qty",
        "return st.orders[slot].left",
        "return st.core[0]['position'] / 2",
        "x = 1.5",
        "x /= 2",
        "return float(rec)",
        "return [rec]",
    ],
)
def test_a_planted_trap_is_found(body: str) -> None:
    tree = ast.parse(f"@kernel\ndef planted(st, rec, slot, x):\n    {body}\n")
    assert list(traps(functions(tree)[0]))


def test_a_plain_kernel_is_left_alone() -> None:
    tree = ast.parse('@kernel\ndef plain(st, slot):\n    return i64(st.orders[slot]["left"]) // 2\n')
    assert list(traps(functions(tree)[0])) == []


def test_the_core_reads_no_clock_no_chance_and_no_file() -> None:
    wrong = []
    for path in python_files(CORE):
        allowed = EVERYWHERE | ALSO_IN.get(path.name, set())
        wrong += [f"{shown(path)}:{at} {what}" for at, what in imports(path) if what.split(".")[0] not in allowed]
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IN_AND_OUT:
                wrong.append(f"{shown(path)}:{node.lineno} {node.func.id}()")
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np.random"):
                wrong.append(f"{shown(path)}:{node.lineno} np.random")
    assert wrong == []


@pytest.mark.parametrize("room", WITHOUT_FLOATS)
def test_no_float_touches_an_order_or_a_rule(room: str) -> None:
    wrong = []
    for path in python_files(PACKAGE / room):
        tree = parsed(path)
        excused = {id(node) for f in functions(tree) if f.name in FIGURES for node in ast.walk(f)}
        for node in ast.walk(tree):
            if id(node) in excused:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                wrong.append(f"{shown(path)}:{node.lineno} {node.value}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "round"):
                wrong.append(f"{shown(path)}:{node.lineno} {node.func.id}()")
    assert wrong == []
