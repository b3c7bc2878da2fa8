"""Score a bundle or model on labelled data.

example:
  limen evaluate model.limen --data test.npz --metric accuracy
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._output import progress_bar
from limen.cli._source import add_import_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a .limen bundle or a model file")
    parser.add_argument("--data", required=True, metavar="FILE", help="labelled samples (.npz, .csv, folder)")
    parser.add_argument("--metric", default="accuracy", help="accuracy, auc, f1, rmse, cer or module:function")
    parser.add_argument("--engine", help="litert, ort or reference")
    parser.add_argument("--pre", metavar="SPEC", help="steps that turn the data's files into samples")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import evaluate

    result = evaluate(
        options.path,
        data=options.data,
        metric=options.metric,
        engine=options.engine,
        pre=options.pre,
        progress=progress_bar(options.progress),
        **import_settings(options),
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("evaluate", arguments, run)
