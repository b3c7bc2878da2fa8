"""Check a bundle: hashes, signature, and its golden vectors on the engines installed here.

example:
  limen verify model.limen --key publisher.pub
"""

from __future__ import annotations

import argparse

from limen.cli._command import Command, Outcome


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", help="a .limen bundle")
    parser.add_argument("--key", metavar="FILE", help="public key the bundle must be signed with")
    parser.add_argument("--engine", help="replay on this engine only")


def run(options: argparse.Namespace) -> Outcome:
    from limen.engines.runner import verify_file

    result = verify_file(options.bundle, key=options.key, engine=options.engine)
    return Outcome(result.to_json(), result.text())


COMMAND = Command("verify", arguments, run)
