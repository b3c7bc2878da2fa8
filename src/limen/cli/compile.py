"""Make one artifact: model.tflite, model.onnx, model.c or model.wasm.

example:
  limen compile model.onnx --target tflite --data calibration.npz --quantize int8 -o out
  limen compile model.tflite --target c --device cortex-m4 -o out
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._pack import add_pack_flag
from limen.cli._source import add_import_flags, import_settings
from limen.cli._units import byte_count


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="trained model: .onnx .tflite .keras .h5 .pt2")
    parser.add_argument("--target", required=True, help="tflite, onnx, c or wasm")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--device", help="board or processor; required for target c")
    parser.add_argument("--data", metavar="FILE", help="calibration samples (.npz, .csv, folder)")
    parser.add_argument("--pre", metavar="SPEC", help="steps that turn the data's files into samples")
    parser.add_argument("--quantize", metavar="RECIPE", help="int8, int16x8, float16, dynamic, none, or a recipe name")
    parser.add_argument(
        "--keep-scales", metavar="FILE", help="bundle or .tflite of the version before: keep its scales"
    )
    parser.add_argument("--ram", type=byte_count, metavar="B", help="most RAM the artifact may need")
    parser.add_argument(
        "--slow-ram", type=byte_count, metavar="B", help="target c: slower memory for what --ram cannot hold"
    )
    parser.add_argument("--flash", type=byte_count, metavar="B", help="most flash the artifact may need")
    parser.add_argument(
        "--stream",
        choices=("off", "auto", "push"),
        default="off",
        help="target c: run layers row by row; push: rows handed in",
    )
    parser.add_argument("--small", action="store_true", help="target c: prefer flash over speed")
    add_pack_flag(parser, limited=True)
    parser.add_argument("--keep-layout", action="store_true", help="keep the source's layout of inputs and outputs")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import compile

    result = compile(
        options.model,
        target=options.target,
        output=options.output,
        device=options.device,
        data=options.data,
        pre=options.pre,
        quantize=options.quantize,
        ram=options.ram,
        slow_ram=options.slow_ram,
        flash=options.flash,
        stream=options.stream,
        small=options.small,
        pack=options.pack,
        keep_layout=options.keep_layout,
        keep_scales=options.keep_scales,
        **import_settings(options),
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("compile", arguments, run)
