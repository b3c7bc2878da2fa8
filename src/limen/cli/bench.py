"""Measure the latency of a bundle or model on this host or on a device, as percentiles.

example:
  limen bench model.limen --engine litert --threads 1
  limen bench model.limen --on ssh://pi@raspberrypi.local
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome
from limen.cli._source import add_import_flags, import_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a .limen bundle or a model file")
    parser.add_argument("--engine", help="litert, ort or reference")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads (default 1)")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S", help="how long to measure (default 1)")
    parser.add_argument("--on", metavar="URL", help="a device: ssh://user@host or serial:/dev/NAME")
    parser.add_argument("--device", help="with --on: what board it is (over ssh it is asked)")
    add_import_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.build import bench

    result = bench(
        options.path,
        engine=options.engine,
        threads=options.threads,
        seconds=options.seconds,
        on=options.on,
        device=options.device,
        **import_settings(options),
    )
    return Outcome(result.to_json(), result.text())


COMMAND = Command("bench", arguments, run)
