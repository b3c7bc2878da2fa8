"""Find the best model that keeps a budget, judged on what ships; or refuse with the nearest miss.

Recipes are made, compiled for every engine of the device, timed in turns (or counted on its virtual twin) and scored
on labelled samples. A drop is accepted where the upper end of its 95 % interval keeps the limit. What is slower than
float is never chosen.

example:
  limen optimize model.onnx --data train.npz --eval test.npz --max-drop 0.5pt -o best.limen --report best.html
  limen optimize model.h5 --device cortex-m4 --data train.npz --max-drop 1pt --max-instructions 4M -o m.limen
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command
from limen.cli._optimize_flags import add_budget_flags, search
from limen.cli._source import add_import_flags, add_step_flags


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="trained model: .onnx .tflite .keras .h5 .pt2")
    parser.add_argument("--device", default="host", help="board or processor (default: this host)")
    parser.add_argument("--data", metavar="FILE", help="calibration samples (.npz, .csv, folder)")
    parser.add_argument("--eval", metavar="FILE", help="labelled samples to judge by (default: those of --data)")
    parser.add_argument("--metric", help="accuracy, auc, f1, map, rmse, cer, agreement or module:function")
    parser.add_argument(
        "--keep-scales", metavar="FILE", help="bundle or .tflite of the version before: keep its scales"
    )
    parser.add_argument("-o", "--output", "--out", required=True, metavar="FILE", help="the bundle to write")
    parser.add_argument("--key", metavar="FILE", help="Ed25519 private key; made beside the bundle if absent")
    parser.add_argument("--unsigned", action="store_true", help="do not sign")
    parser.add_argument("--dry-run", action="store_true", help="say what would be tried")
    add_budget_flags(parser)
    add_step_flags(parser)
    add_import_flags(parser)


COMMAND = Command("optimize", arguments, search)
