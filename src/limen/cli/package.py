"""Make what a tool chain, an operating system or a browser takes from a model or bundle.

example:
  limen package model.tflite --as esp-idf --device esp32-c3 -o components/model
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._pack import add_memory_flags, add_pack_flag
from limen.cli._source import add_import_flags, add_step_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="bundle (.limen) or trained model")
    parser.add_argument(
        "--as",
        dest="format",
        required=True,
        metavar="FORMAT",
        help="c, arduino, esp-idf, zephyr, micropython, static-lib, shared-lib, executable, web, python or oci",
    )
    parser.add_argument("-o", "--output", required=True, metavar="PATH", help="folder (or .zip file) to write")
    parser.add_argument("--device", default="host", help="board or processor (default: this machine)")
    parser.add_argument("--name", help="of files and symbols (default: the source's)")
    parser.add_argument("--os", dest="system", choices=("linux", "windows", "macos"), default="linux")
    parser.add_argument("--data", metavar="FILE", help="calibration samples (.npz, .csv, folder)")
    parser.add_argument("--quantize", metavar="RECIPE", help="int8, int16x8, float16, none, or a recipe name")
    parser.add_argument("--stream", choices=("off", "auto"), default="off", help="run layers row by row to save RAM")
    parser.add_argument("--small", action="store_true", help="prefer flash over speed")
    add_pack_flag(parser)
    add_memory_flags(parser)
    parser.add_argument(
        "--engine", metavar="NAME", help="python: the engine to take along (default: the bundle's first)"
    )
    parser.add_argument("--python", metavar="X.Y", help="python: version of the interpreter (default: this one)")
    parser.add_argument(
        "--wheels", metavar="DIR", help="python: folder of wheels (default: this machine's, or the index)"
    )
    add_step_flags(parser)
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import package

    result = package(
        options.source,
        options.format,
        options.output,
        device=options.device,
        name=options.name,
        system=options.system,
        data=options.data,
        quantize=options.quantize,
        pre=options.pre,
        post=options.post,
        labels=options.labels,
        engine=options.engine,
        python=options.python,
        wheels=options.wheels,
        stream=options.stream,
        small=options.small,
        pack=options.pack,
        ram=options.ram,
        slow_ram=options.slow_ram,
        **import_settings(options),
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("package", arguments, run)
