"""Finds verbs by file, and imports only the one that is called."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import pkgutil
from pathlib import Path

from limen.cli._command import Command, Parser
from limen.errors import InternalError, UsageError
from limen.registry import suggest

GROUP = "limen.cli"
FLAGS = ("--help", "--version")

EXIT_CODES = """\
exit codes: 0 done, 2 usage, 3 bad input, 4 unsupported, 5 budget not kept, 6 not measurable here,
            7 verification failed, 8 extra or tool missing, 70 a defect of limen"""


def names() -> tuple[str, ...]:
    """All verbs: the modules of this folder, then entry points."""
    here = (info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]))
    outside = (entry.name for entry in importlib.metadata.entry_points(group=GROUP))
    found = [name for name in (*here, *outside) if not name.startswith("_")]
    twice = {name for name in found if found.count(name) > 1}
    if twice:
        raise InternalError(f"verb {', '.join(sorted(twice))}: registered twice")
    return tuple(sorted(found))


def find(verb: str) -> tuple[Command, Parser]:
    """The verb's command and its parser.

    Raises:
        UsageError: no such verb; the hint names the nearest ones.
    """
    if verb not in names():
        known, kind = (FLAGS, "flag") if verb.startswith("-") else (names(), "verb")
        raise UsageError(f"{verb!r} is not a {kind} of limen", suggest(verb, known))
    command, doc = _load(verb)
    parser = Parser(f"limen {verb}", doc)
    command.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line of stdout")
    parser.add_argument(
        "--progress", action="store_true", help="show progress on stderr even where it is not a terminal"
    )
    return command, parser


def overview() -> str:
    """The text of ``limen --help``: every verb with its line."""
    verbs = names()
    width = max(len(name) for name in verbs)
    lines = [f"  {name:<{width}}  {_summary(name)}" for name in verbs]
    head = "usage: limen VERB [flags]\n\nTakes a trained model to a device and back."
    tail = f"'limen VERB --help' shows the verb's flags and an example.\n{EXIT_CODES}"
    return "\n".join([head, "", *lines, "", tail])


def _load(verb: str) -> tuple[Command, str]:
    if _file(verb).is_file():
        module = importlib.import_module(f"limen.cli.{verb}")
        return module.COMMAND, module.__doc__ or ""
    (entry, *_) = importlib.metadata.entry_points(group=GROUP, name=verb)
    command: Command = entry.load()
    return command, importlib.import_module(entry.module).__doc__ or ""


def _file(verb: str) -> Path:
    return Path(__file__).with_name(f"{verb}.py")


def _summary(verb: str) -> str:
    """First line of the module's docstring, read without importing it."""
    if not _file(verb).is_file():
        return "(from another package)"
    doc = ast.get_docstring(ast.parse(_file(verb).read_text())) or ""
    return doc.partition("\n")[0].rstrip(".")
