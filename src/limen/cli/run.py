"""Run a bundle on inputs and write the outputs.

example:
  limen run model.limen --input samples.npz --output answers.npz --engine litert
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", help="a .limen bundle")
    parser.add_argument("--input", required=True, metavar="FILE", help=".npz, .csv, an image or a recording")
    parser.add_argument("--output", metavar="FILE", help=".npz for the outputs, by the source model's names")
    parser.add_argument("--engine", help="litert, ort or reference (default: the bundle's first that is installed)")
    parser.add_argument("--exact", action="store_true", help="litert: use its reference kernels")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads (default 1)")
    parser.add_argument("--key", metavar="FILE", help="public key the bundle must be signed with")


def run(options: argparse.Namespace) -> Outcome:
    from limen.engines.runner import run_file

    result = run_file(
        options.bundle,
        options.input,
        output=options.output,
        engine=options.engine,
        exact=options.exact,
        threads=options.threads,
        key=options.key,
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("run", arguments, run)
