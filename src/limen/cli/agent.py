"""Keep a device's models up to date: check, download, try, serve, roll back.

Actions: enroll (makes the device's store), run (until stopped), once (look for updates, follow them, end), status,
rollback and activate (a line), poll (make a running agent look now), unit (prints a systemd unit). STORE is the
device's folder. The first roots come by a way that is trusted: --roots takes a stick, a .limenpack or, at first use
only, the server itself.

example:
  limen agent enroll /var/lib/limen --device kitchen-1 --hardware rpi4 --from https://updates.example.org \\
      --roots /media/usb --token d3Jx...
  limen agent once /var/lib/limen
  limen agent run /var/lib/limen --socket /run/limen/agent.sock
  limen agent rollback /var/lib/limen kws
"""

from __future__ import annotations

import argparse
from pathlib import Path

from limen.cli._agent_flags import add_flags
from limen.cli._command import Command, Outcome

ACTIONS = ("enroll", "run", "once", "status", "rollback", "activate", "poll", "unit")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("store", type=Path, help="folder of the device's store")
    parser.add_argument("line", nargs="?", help="rollback, activate: which line")
    add_flags(parser)


def run(options: argparse.Namespace) -> Outcome:
    from limen.cli._agent import DO

    return DO[options.action](options)


COMMAND = Command("agent", arguments, run)
