"""The public surface of ``import limen`` is closed: a name is added or removed here first."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import limen

REPOSITORY = Path(__file__).resolve().parent.parent

SURFACE = {
    "Bundle", "LimenError", "Session", "__version__", "bench", "build", "check", "compare", "compile", "evaluate",
    "inspect", "load", "optimize", "package", "profile", "run", "verify",
}  # fmt: skip


def fresh(statements: str) -> str:
    """Standard output of the statements in a new interpreter."""
    done = subprocess.run([sys.executable, "-c", statements], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_surface_is_what_this_list_says() -> None:
    assert set(limen.__all__) == set(dir(limen)) == SURFACE


@pytest.mark.parametrize("name", sorted(SURFACE - {"__version__"}))
def test_a_public_name_loads_and_is_documented(name: str) -> None:
    value = getattr(limen, name)
    assert not isinstance(value, ModuleType)
    assert callable(value)
    assert inspect.getdoc(value)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'limen' has no attribute 'buidl'"):
        limen.buidl  # noqa: B018


@pytest.mark.parametrize(
    "first",
    ["import limen.build", "from limen.build import compile", "import limen; limen.build", "from limen import build"],
)
def test_build_is_the_function_whatever_is_imported_first(first: str) -> None:
    assert (
        fresh(f"{first}\nimport limen\nprint(limen.build.__name__, limen.build.__class__.__name__)") == "build function"
    )


def test_a_verb_stays_the_function_after_every_module_of_the_build_half_is_imported() -> None:
    walk = "import pkgutil, importlib, limen.build as b\nimport sys\nb = sys.modules['limen.build']\n"
    load = "[importlib.import_module(f'limen.build.{m.name}') for m in pkgutil.iter_modules(b.__path__)]\n"
    check = "import limen\nprint({type(getattr(limen, n)).__name__ for n in limen.__all__ if n[0].islower()})"
    assert fresh(walk + load + check) == "{'function'}"


def test_every_verb_but_tools_is_a_function_too() -> None:
    from limen.cli import _verbs

    assert set(_verbs.names()) - {"agent", "devices", "doctor", "demo", "repo"} <= SURFACE


def test_importing_limen_costs_little_beside_numpy() -> None:
    """A count of modules, not a time: what limen adds is itself and the standard library's typing."""
    added = fresh(
        "import numpy, sys\nbefore = set(sys.modules)\nimport limen\nprint(*sorted(set(sys.modules) - before))"
    )
    assert set(added.split()) <= {"__future__", "limen"}


def test_the_version_is_the_package_metadata_and_the_changelog() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert limen.__version__ == project["version"] == newest[1]
