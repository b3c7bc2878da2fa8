"""Show what a model or bundle holds: operators, cost, inputs, outputs, states.

example:
  limen inspect model.tflite
  limen inspect model.limen --html model.html
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._source import add_import_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a .limen bundle or a model file")
    parser.add_argument("--html", metavar="FILE", help="also write one self-contained page with the graph")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import inspect

    result = inspect(options.path, html=options.html, **import_settings(options))
    return Outcome(result.to_json(), result.text())


COMMAND = Command("inspect", arguments, run)
