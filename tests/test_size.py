"""Nothing grows too large to read: modules, functions, verbs. An exception is listed with its reason.

A function's length is its lines without its docstring; a module's is all its lines.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "limen"
MODULE_LINES = 400
FUNCTION_LINES = 50
MEDIAN_FUNCTION_LINES = 10
VERB_LINES = 80

# path, or path:function -> why it may be longer
EXCEPTIONS: dict[str, str] = {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name, length) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            doc = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node) else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - doc


def measured() -> tuple[dict[str, int], dict[str, int]]:
    """Lengths of all modules, and of all functions."""
    files = {path.relative_to(SOURCE).as_posix(): path for path in sorted(SOURCE.rglob("*.py"))}
    modules = {name: len(path.read_text().splitlines()) for name, path in files.items()}
    return modules, {f"{name}:{function}": n for name, path in files.items() for function, n in functions(path)}


MODULES, FUNCTIONS = measured()


def over(lengths: dict[str, int], limit: int) -> dict[str, int]:
    return {name: n for name, n in lengths.items() if n > limit and name not in EXCEPTIONS}


def test_modules_fit_in_four_hundred_lines() -> None:
    assert over(MODULES, MODULE_LINES) == {}


def test_functions_fit_in_fifty_lines() -> None:
    assert over(FUNCTIONS, FUNCTION_LINES) == {}


def test_the_median_function_fits_in_ten_lines() -> None:
    assert statistics.median(FUNCTIONS.values()) <= MEDIAN_FUNCTION_LINES


def test_a_verb_fits_in_eighty_lines() -> None:
    verbs = {name: n for name, n in MODULES.items() if name.startswith("cli/") and not name.startswith("cli/_")}
    assert over(verbs, VERB_LINES) == {}


def test_every_exception_is_still_needed() -> None:
    lengths = MODULES | FUNCTIONS
    limits = {name: FUNCTION_LINES if ":" in name else MODULE_LINES for name in EXCEPTIONS}
    assert {name for name, limit in limits.items() if lengths.get(name, 0) <= limit} == set()


def test_the_count_leaves_docstrings_out(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    assert list(functions(file)) == [("f", 2)]
