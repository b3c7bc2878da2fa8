"""Make a signed bundle from a trained model by a fixed recipe.

With any of the --max-* flags the optimiser searches instead.

example:
  limen build model.h5 --device rpi4 --data calibration.npz -o model.limen
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._optimize_flags import add_budget_flags, has_budget, refuse_without_budget, search, words
from limen.cli._output import progress_bar
from limen.cli._source import add_import_flags, add_step_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="trained model: .onnx .tflite .keras .h5 .pt2")
    parser.add_argument("--device", default="host", help="board or processor (default: this host)")
    parser.add_argument("--data", metavar="FILE", help="calibration samples (.npz, .csv, folder)")
    parser.add_argument("--eval", metavar="FILE", help="labelled samples for the report")
    parser.add_argument("--metric", help="accuracy (default), auc, f1, map, rmse, cer or module:function")
    parser.add_argument("--recipe", metavar="NAME", help="int8, int16x8, float16, none, or a recipe name")
    parser.add_argument(
        "--keep-scales", metavar="FILE", help="bundle or .tflite of the version before: keep its scales"
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the bundle to write")
    parser.add_argument("--key", metavar="FILE", help="Ed25519 private key; made beside the bundle if absent")
    parser.add_argument("--unsigned", action="store_true", help="do not sign")
    parser.add_argument("--dry-run", action="store_true", help="say what would be made; write nothing")
    add_budget_flags(parser)
    add_step_flags(parser)
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import build
    from limen.errors import UsageError

    if has_budget(options):
        if options.recipe:
            raise UsageError("--recipe fixes what the optimiser searches for", "leave it out, or give --passes")
        return search(options)
    refuse_without_budget(options)
    result = build(
        options.model,
        device=options.device,
        data=options.data,
        evaluation=options.eval,
        metric=options.metric or "accuracy",
        recipe=options.recipe,
        output=options.output,
        key=options.key,
        unsigned=options.unsigned,
        dry_run=options.dry_run,
        pre=options.pre,
        post=options.post,
        labels=options.labels,
        engines=words(options.engines) or None,
        keep_scales=options.keep_scales,
        progress=progress_bar(options.progress),
        **import_settings(options),
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("build", arguments, run)
