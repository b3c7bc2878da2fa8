"""Publish models for devices: signed metadata, deltas, sealed payloads, in plain files for any web server.

Actions: init, add-key (also makes a new line), rotate, sign (a root that waits for signatures), publish, assign (say
which release a device gets), snapshot (renew the online signatures: run it daily), serve, enroll (a
certificate or a one-use token for a device), revoke, export, status.

example:
  limen repo init fleet --roots 3 --threshold 2 --root-folder /media/usb/keys
  limen repo add-key fleet kws --keys /media/usb/keys
  limen repo publish fleet model.limen --line kws --seal
  limen repo assign fleet kitchen-1 kws --hardware rpi4 --seal-key kitchen-1.pub
  limen repo serve fleet --port 8080
"""

from __future__ import annotations

import argparse
from pathlib import Path

from limen.cli._command import Command, Outcome
from limen.cli._repo_flags import add_flags

ACTIONS = (
    "init",
    "add-key",
    "rotate",
    "sign",
    "publish",
    "assign",
    "snapshot",
    "serve",
    "enroll",
    "revoke",
    "export",
    "status",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("repository", type=Path, help="folder of the repository")
    parser.add_argument(
        "items", nargs="*", metavar="ITEM", help="a role and key files; a bundle; a device and its lines"
    )
    add_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.cli._repo import DO

    return DO[options.action](options)


COMMAND = Command("repo", arguments, run)
