"""Say what a device can run of a model, and what blocks it, before anything is built.

example:
  limen check model.onnx --device esp32-c3
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._source import add_import_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="trained model: .onnx .tflite .keras .h5 .pt2")
    parser.add_argument("--device", default="host", help="board or processor (default: this host)")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import check

    result = check(options.model, device=options.device, **import_settings(options))
    return Outcome(result.to_json(), result.text())


COMMAND = Command("check", arguments, run)
