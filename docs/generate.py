"""Write the pages of docs/reference that the code itself knows: ``make docs``. tests/test_docs.py compares them.

The output depends on limen only, not on the version of Python or on the machine.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from limen import devices
from limen.cli import _verbs
from limen.cli._output import size_text
from limen.errors import LimenError
from limen.optimize import recipes
from limen.registry import Registry
from limen.steps import STEPS
from limen.targets import TARGETS
from limen.targets.table import support

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- written by `make docs`; edit the code it comes from instead -->"


def page(title: str, intro: str, *parts: str) -> str:
    return "\n\n".join([NOTE, f"# {title}", intro, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.strip(chr(10))}\n```"


def cli() -> str:
    """Every verb: summary, flags, example; then exit codes and units."""
    return page(
        "Command line",
        "`limen VERB [flags]`. Every verb takes `--json`: the last line of stdout is then one JSON object.",
        *(part for verb in _verbs.names() for part in _verb(verb)),
        "## Exit codes",
        table(("code", "error", "meaning"), _exit_codes()),
    )


def _verb(verb: str) -> list[str]:
    _, parser = _verbs.find(verb)
    notes, _, example = (parser.epilog or "").partition("example:\n")
    flags = [_flag(action) for action in parser._actions if action.dest != "help"]
    text = [f"## {verb}", str(parser.description), notes.strip(), table(("flag", "meaning"), flags)]
    return [part for part in text if part] + [fenced(inspect.cleandoc(example), "sh")]


def _flag(action: argparse.Action) -> tuple[str, str]:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices is not None and action.option_strings:
        value = "{" + ",".join(str(choice) for choice in action.choices) + "}"
    names = ", ".join(action.option_strings) or action.dest
    name = f"{names} {value}" if action.option_strings and value else names
    return f"`{name}`", (action.help or "") + (" (required)" if action.required and action.option_strings else "")


def _exit_codes() -> list[tuple[str, str, str]]:
    """From the error tree's own drawing."""
    classes = {cls.__name__: cls for cls in LimenError.__subclasses__()}
    drawing = inspect.getdoc(sys.modules[LimenError.__module__]) or ""
    rows = [("0", "", "done")]
    for line in drawing.splitlines():
        name, _, meaning = line.lstrip("|-` ").partition(" ")
        if name in classes:
            rows.append((str(classes[name].exit_code), name, meaning.strip().partition(" ")[2].strip()))
    return rows


def boards() -> str:
    known = [device for device in devices.load_all() if device.name != "host"]
    rows = [
        (f"`{d.name}`", d.title, d.isa, " ".join(d.features), size_text(d.ram), size_text(d.flash), " ".join(d.targets))
        for d in known
    ]
    head = ("name", "what it is", "ISA", "features", "RAM", "flash", "targets")
    sources = "\n".join(f"- `{d.name}`: {d.notes}" for d in known)
    intro = (
        "`host` is this machine. Targets are what the board can take, best first; `limen check` says which of "
        "them this version has. [Add a board](../howto/add-a-board.md) shows how to describe another."
    )
    return page("Devices", intro, table(head, rows), "## Where the figures are from", sources)


def steps() -> str:
    parts = []
    for name in STEPS.names():
        step = STEPS.get(name)
        about = inspect.getdoc(sys.modules[step.__module__]) or ""
        parts += [f"## {name}", fenced(f"{about}\n\n{inspect.getdoc(step)}")]
    intro = "Processing before and after a model: `--pre` and `--post` take a chain of these, and a bundle holds it."
    grammar = fenced(inspect.getdoc(sys.modules["limen.steps._spec"]) or "")
    return page("Steps", intro, "## How a chain is written", grammar, *parts)


def recipe_names() -> str:
    return page("Recipes", "`--quantize` and `--recipe` take these names.", fenced(inspect.getdoc(recipes) or ""))


def operators() -> str:
    """Which operator of a Program each target takes."""
    columns = {target.name: cells for target in TARGETS.values() if (cells := support(target))}
    names: Registry[object] = sys.modules["limen.program"].OPS
    rows = [(f"`{op}`", *(cells[op] for cells in columns.values())) for op in names.names()]
    intro = "The operators of a Program, and what each target that emits operator by operator makes of them."
    return page("Operators", intro, table(("operator", *columns), rows))


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "devices.md": boards,
    "operators.md": operators,
    "recipes.md": recipe_names,
    "steps.md": steps,
}


if __name__ == "__main__":
    for file, write in PAGES.items():
        (REFERENCE / file).write_text(write(), encoding="utf-8")
