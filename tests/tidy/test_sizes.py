"""Files and functions stay as small as a reader's patience."""

import ast

from tests.tidy.tree import PACKAGE, functions, house, parsed, shown

FILE_LINES_MAX = 400
KERNEL_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
LONG_FUNCTIONS = {
    "tests/vectors/stories/refusals.py new_order": "one line a refusal, in the order of the codes",
}
"""Functions that may be longer, and why."""


def test_a_file_has_at_most_400_lines_and_a_file_of_kernels_600() -> None:
    wrong = []
    for path in house():
        lines = len(path.read_text("utf-8").splitlines())
        limit = KERNEL_FILE_LINES_MAX if path.is_relative_to(PACKAGE / "core") else FILE_LINES_MAX
        if lines > limit:
            wrong.append(f"{shown(path)}: {lines} lines, {limit} is the wall")
    assert wrong == []


def test_a_function_fits_a_screen() -> None:
    wrong, excused = [], set()
    for path in house():
        for function in functions(parsed(path)):
            lines = (function.end_lineno or 0) - function.lineno + 1
            name = f"{shown(path)} {function.name}"
            if lines > FUNCTION_LINES_MAX:
                excused.add(name)
                if name not in LONG_FUNCTIONS:
                    wrong.append(f"{name}: {lines} lines")
    assert wrong == []
    assert excused == set(LONG_FUNCTIONS), "an exception that nobody needs any more"


def test_a_file_of_the_package_says_what_it_is() -> None:
    silent = [shown(path) for path in house() if not ast.get_docstring(parsed(path)) and path.stat().st_size]
    assert silent == []
