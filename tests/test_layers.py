"""Who may import whom: the table of docs/architecture.md, enforced on the source and on a running interpreter.

Every import counts, also those inside functions and under ``TYPE_CHECKING``: a hidden dependency is still one. For
packages outside limen only imports at module level are limited, since heavy ones belong inside the function that needs
them; the frameworks in ``BUILD_ONLY`` may appear nowhere in the device half.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "limen"

EVERYONE = {"errors", "registry", "host", "data"}
BUILD_HALF = {"model", "importers", "optimize", "lower", "targets", "lab", "build"}
BUILD_ONLY = {"onnx", "onnx_ir", "onnxscript", "torch", "tensorflow", "keras", "skl2onnx", "sklearn", "h5py"}

# room -> (rooms it may import, outside packages it may import at module level)
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "registry": (set(), set()),
    "host": (set(), set()),
    "data": (set(), {"numpy"}),
    "program": (set(), {"numpy"}),
    "ops": ({"program"}, {"numpy"}),
    "steps": (set(), {"numpy"}),
    "bundle": ({"steps"}, {"numpy", "msgspec", "cryptography"}),
    "engines": ({"bundle", "steps"}, {"numpy"}),
    "model": (set(), {"numpy", "onnx", "onnx_ir"}),
    "importers": ({"model", "program", "ops"}, {"numpy", "onnx", "onnx_ir"}),
    "lower": ({"model", "program", "ops"}, {"numpy", "onnx", "onnx_ir"}),
    "targets": ({"model", "program", "ops", "devices", "steps"}, {"numpy", "onnx", "onnx_ir", "flatbuffers"}),
    "devices": (set(), set()),
    "lab": ({"devices", "program", "ops", "targets"}, {"numpy"}),
    "measure": (
        {"model", "program", "ops", "targets", "lab", "engines", "bundle", "devices", "steps"},
        {"numpy", "onnx", "onnx_ir"},
    ),
    "optimize": (
        {"model", "program", "ops", "lower", "targets", "measure", "devices"},
        {"numpy", "onnx", "onnx_ir"},
    ),
    "learn": ({"bundle", "engines", "steps", "model", "lower"}, {"numpy"}),
    "deliver": (
        {"bundle", "engines"},
        {"numpy", "msgspec", "cryptography", "tuf", "securesystemslib", "urllib3", "backports"},
    ),
    "runtime": ({"bundle", "steps", "engines", "deliver", "learn"}, {"numpy", "msgspec"}),
    "fleet": ({"bundle", "deliver", "learn"}, {"numpy", "msgspec", "cryptography"}),
}
# One file of a room that may do more, with the reason.
MORE = {
    "engines/reference.py": {"program", "ops"},  # the reference engine interprets Programs
}
UNLIMITED = {"build", "cli", "testing", "__init__", "__main__"}  # orchestration; nothing may import the last four
DEVICE_HALF = ("errors", "registry", "host", "data", "bundle", "steps", "engines", "devices", "deliver", "runtime")


@dataclass(frozen=True)
class Import:
    """One imported dotted name; ``deferred`` when a function body or TYPE_CHECKING block holds it."""

    name: str
    line: int
    deferred: bool


def imports(tree: ast.Module) -> Iterator[Import]:
    """Every import of a module, with ``from limen import x`` resolved to ``limen.x``."""

    def visit(node: ast.AST, deferred: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, deferred) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            module = str(node.module)
            names = [f"limen.{alias.name}" for alias in node.names] if module == "limen" else [module]
            yield from (Import(name, node.lineno, deferred) for name in names)
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, deferred or inside or guarded)

    yield from visit(tree, False)


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def violations(path: Path, text: str) -> list[str]:
    """What the file at ``path`` imports against the table, in words."""
    room = room_of(path)
    if room in UNLIMITED:
        allowed, outside = set(LAYERS) | {"build", "testing"}, None
    else:
        allowed, outside = LAYERS[room]
        allowed = allowed | EVERYONE | {room} | MORE.get(path.relative_to(SOURCE).as_posix(), set())
    if room in ("cli", "testing"):
        allowed = allowed | {room}
    if room == "__main__":
        allowed = allowed | {"cli"}
    found = []
    for item in imports(ast.parse(text)):
        top, _, rest = item.name.partition(".")
        where = f"{path.relative_to(SOURCE)}:{item.line}"
        if top == "limen":
            target = rest.split(".")[0]
            if target not in allowed | {"__version__"} and not (room == "cli" and target in {"", *public_names()}):
                found.append(f"{where}: {room} imports {item.name}")
        elif top in sys.stdlib_module_names:
            continue
        elif top in BUILD_ONLY and room in (*DEVICE_HALF, "program", "ops"):
            found.append(f"{where}: the device half imports {top}")
        elif outside is not None and not item.deferred and top not in outside:
            found.append(f"{where}: {room} imports {top} at module level")
    return found


def public_names() -> set[str]:
    import limen

    return set(limen.__all__)


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_file_imports_only_the_rooms_below_it(path: Path) -> None:
    assert violations(path, path.read_text()) == []


def test_every_room_has_a_rule() -> None:
    assert {room_of(path) for path in FILES} <= set(LAYERS) | UNLIMITED


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("program/graph.py", "from limen.ops import conv2d"),
        ("program/graph.py", "import ml_dtypes"),
        ("ops/conv2d.py", "from limen.lower.conv import lower"),
        ("steps/resize.py", "from PIL import Image"),
        ("bundle/manifest.py", "def f():\n    import onnx"),
        ("engines/litert.py", "from limen.program import Program"),
        ("engines/ort.py", "def f():\n    from limen import model"),
        ("devices/__init__.py", "import numpy"),
        ("targets/c/plan.py", "from limen.cli import _common"),
        ("build.py", "from limen.cli import _common"),
    ],
)
def test_the_rules_catch_what_they_name(path: str, line: str) -> None:
    assert violations(SOURCE / path, line) != []


def test_the_reference_engine_may_use_programs() -> None:
    assert violations(SOURCE / "engines/reference.py", "from limen.program import Program") == []


def modules(*rooms: str) -> list[str]:
    """Dotted names of all modules of the rooms that exist."""
    files = [path for path in FILES if room_of(path) in rooms]
    names = [".".join(("limen", *path.relative_to(SOURCE).with_suffix("").parts)) for path in files]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def loaded_after(statements: str) -> set[str]:
    """Names in ``sys.modules`` of a fresh interpreter after the statements."""
    code = f"{statements}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def in_rooms(loaded: set[str], rooms: set[str]) -> set[str]:
    return {name for name in loaded if name.startswith("limen.") and name.split(".")[1] in rooms}


def test_importing_limen_loads_neither_numpy_nor_a_half() -> None:
    loaded = loaded_after("import limen")
    assert not in_rooms(loaded, BUILD_HALF | set(DEVICE_HALF))
    assert not loaded & (BUILD_ONLY | {"numpy", "msgspec", "cryptography"})


def test_the_whole_device_half_loads_no_build_half_and_no_framework() -> None:
    loaded = loaded_after("\n".join(f"import {name}" for name in modules(*DEVICE_HALF)))
    assert in_rooms(loaded, BUILD_HALF | {"measure"}) == set()
    assert loaded & BUILD_ONLY == set()


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_after("from limen.cli.__main__ import main\nmain(['--help'])")
    assert not loaded & (BUILD_ONLY | {"numpy", "msgspec", "cryptography"})
