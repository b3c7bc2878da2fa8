"""Show the whole way in a minute: digits to a verified bundle on three engines, a wake word found in speech.

It runs examples/demo.py, which is also the place to read how it is done. Nothing is downloaded.

example:
  limen demo
  limen demo --keep bundles
"""

from __future__ import annotations

import argparse
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import limen
from limen.cli._command import Command, Outcome
from limen.errors import BadInput, MissingExtra

NEEDS = ("onnx_ir", "h5py", "sklearn", "espeakng_loader", "pymicro_wakeword", "tuf")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the bundles here (default: thrown away)")


def run(options: argparse.Namespace) -> Outcome:
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise MissingExtra(missing[0], "demo")
    found: dict[str, Any] = runpy.run_path(str(script()))["main"](options.keep)
    return Outcome(found)


def script() -> Path:
    """examples/demo.py of the checkout, or the copy that an installed package carries.

    Raises:
        BadInput: neither is there.
    """
    checkout = Path(limen.__file__).parents[2]
    for folder in (checkout / "examples", Path(sys.prefix) / "share" / "limen" / "examples"):
        if (folder / "demo.py").is_file():
            return folder / "demo.py"
    raise BadInput("demo: the examples are not installed", "clone the repository and run: make demo")


COMMAND = Command("demo", arguments, run)
