"""Compare two models or bundles on the same data, layer by layer where their graphs allow: where did int8 go wrong?

example:
  limen compare model.onnx model.limen --data samples.npz
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._source import add_import_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", help="a .limen bundle or a model file")
    parser.add_argument("other", help="a .limen bundle or a model file")
    parser.add_argument("--data", required=True, metavar="FILE", help="samples (.npz, .csv, folder)")
    parser.add_argument("--engine", help="engine for both (default: each one's first)")
    parser.add_argument("--pre", metavar="SPEC", help="steps that turn the data's files into samples")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import compare

    result = compare(
        options.reference,
        options.other,
        data=options.data,
        engine=options.engine,
        pre=options.pre,
        **import_settings(options),
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("compare", arguments, run)
