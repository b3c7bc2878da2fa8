"""Run a model's generated C on a virtual device: instructions, flash, RAM, and whether it is exact.

No hardware is needed. Cortex-M0+, M4, M7, M33 and RV32IMC are executed in process and counted block by block;
a board is profiled on the core it has. Every layer's output is compared with the integer interpreter.

example:
  limen profile model.tflite --device cortex-m4
  limen profile model.onnx --device esp32-c3 --data calibration.npz --quantize int8 --json
  limen profile model.tflite --on ssh://pi@raspberrypi.local
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._pack import add_memory_flags, add_pack_flag
from limen.cli._source import add_import_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="trained model: .onnx .tflite .keras .h5 .pt2")
    parser.add_argument("--device", help="board or processor, such as cortex-m4; see: limen devices")
    parser.add_argument("--on", metavar="URL", help="a real device: ssh://user@host or serial:/dev/NAME")
    parser.add_argument("--data", metavar="FILE", help="samples to calibrate with and to run (.npz, .csv, folder)")
    parser.add_argument("--pre", metavar="SPEC", help="steps that turn the data's files into samples")
    parser.add_argument("--quantize", metavar="RECIPE", help="int8, int16x8, float16, dynamic, none, or a recipe name")
    parser.add_argument("--inputs", type=int, default=8, metavar="N", help="samples to run, beside the two extremes")
    parser.add_argument("--compiler", choices=("zig", "gcc"), default="zig", help="zig's clang, or the GNU tool chain")
    parser.add_argument(
        "--kernels", choices=("auto", "portable"), default="auto", help="the processor's own, or plain C"
    )
    parser.add_argument(
        "--stream", choices=("off", "auto", "push"), default="off",
        help="auto: run layers row by row to save RAM; push: and rows of the input are handed in one by one",
    )  # fmt: skip
    parser.add_argument("--small", action="store_true", help="prefer flash over speed")
    add_pack_flag(parser)
    add_memory_flags(parser)
    parser.add_argument("--keep-layout", action="store_true", help="keep the source's layout of inputs and outputs")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import profile
    from limen.errors import VerificationError

    result = profile(
        options.model,
        device=options.device,
        data=options.data,
        pre=options.pre,
        quantize=options.quantize,
        inputs=options.inputs,
        compiler=options.compiler,
        kernels=options.kernels,
        stream=options.stream,
        small=options.small,
        pack=options.pack,
        ram=options.ram,
        slow_ram=options.slow_ram,
        keep_layout=options.keep_layout,
        on=options.on,
        **import_settings(options),
    )
    wrong = result.exact is not None and result.exact["max_lsb"] > 0
    return Outcome(result.to_json(), result.text(), VerificationError.exit_code if wrong else 0)


COMMAND = Command("profile", arguments, run)
