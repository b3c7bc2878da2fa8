"""Run a bundle on inputs and write the outputs.

example:
  limen run model.limen --input samples.npz --output answers.npz --engine litert
  limen run model.limen --input samples.npz --output answers.npz --on ssh://pi@raspberrypi.local
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
    parser.add_argument("--on", metavar="URL", help="infer on a device: ssh://user@host or serial:/dev/NAME")
    parser.add_argument("--device", help="with --on: what board it is (over ssh it is asked)")
    parser.add_argument("--key", metavar="FILE", help="public key the bundle must be signed with")


def run(options: argparse.Namespace) -> Outcome:
    from limen.engines.runner import run_file

    if options.on is not None:
        return _run_there(options)
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


def _run_there(options: argparse.Namespace) -> Outcome:
    from limen.build.elsewhere import run_there
    from limen.errors import UsageError

    if options.engine not in (None, "native"):
        raise UsageError(f"--on runs engine native, not {options.engine}", "leave out --engine")
    result = run_there(options.bundle, options.input, options.on, options.output, options.key, options.device)
    return Outcome(result.to_json(), result.text())


COMMAND = Command("run", arguments, run)
