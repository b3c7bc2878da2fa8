"""The flags of ``limen agent``; those of enroll are named as ``Settings`` and are None where they are not given."""

from __future__ import annotations

import argparse
from pathlib import Path

from limen.cli._units import byte_count


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare them all; each says of which action it is."""
    _who(parser.add_argument_group("enroll: who and where"))
    _how(parser.add_argument_group("enroll: how careful"))
    _run(parser.add_argument_group("run, once"))


def _who(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--device", metavar="ID", help="this device's name")
    group.add_argument("--hardware", metavar="ID", help="what it is; releases may be for some only")
    group.add_argument(
        "--from",
        dest="places",
        action="append",
        default=[],
        metavar="PLACE",
        help="URL, folder or .limenpack to ask; several are mirrors (also: once, run)",
    )
    group.add_argument("--roots", metavar="PLACE", help="where the first roots are, trusted for them")
    group.add_argument("--token", default="", help="one-use token of limen repo enroll; asks for a certificate")
    group.add_argument("--server-ca", type=Path, metavar="FILE", help="authority of the server's certificate")
    group.add_argument("--report", metavar="URL", help="where reports go (default: the first server)")
    group.add_argument("--key-file", metavar="FILE", help="make the device's key here, not in the store")
    group.add_argument("--keys", metavar="MODULE:FUNCTION", help="holder of the key: TPM, PKCS#11")
    group.add_argument("--proxy", metavar="URL", help="HTTP proxy (those of the environment are not used)")
    group.add_argument("--clockless", action="store_true", default=None, help="the device has no clock of its own")


def _how(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--engine", metavar="NAME", help="engine to run on (default: the bundle's first)")
    group.add_argument("--threads", type=int, metavar="N", help="of the engine (default 1)")
    group.add_argument("--poll", dest="poll_seconds", type=float, metavar="S", help="seconds between two looks (300)")
    group.add_argument("--trial", dest="trial_seconds", type=float, metavar="S", help="seconds on probation (600)")
    group.add_argument("--trial-runs", type=int, metavar="N", help="runs needed on probation (1)")
    group.add_argument("--strikes", type=int, metavar="N", help="failed tries until it is banned (3)")
    group.add_argument(
        "--window",
        dest="windows",
        action="append",
        metavar="TIME",
        help="when to activate: 02:00-04:30, sat 22:00-06:00",
    )
    group.add_argument(
        "--manual",
        dest="automatic",
        action="store_false",
        default=None,
        help="activate only by limen agent activate",
    )
    group.add_argument("--automatic", action="store_true", default=None, help="activate as soon as it may be (default)")
    group.add_argument(
        "--max-rate", dest="fastest", type=byte_count, metavar="B", help="bytes per second of a download (0: no cap)"
    )
    group.add_argument("--gate-seconds", type=float, metavar="S", help="longest trial load (60)")
    group.add_argument(
        "--gate-memory", type=byte_count, metavar="B", help="largest trial load (0: half of what is free)"
    )


def _run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--socket", type=Path, metavar="PATH", help="run: answer other processes here")
    group.add_argument("--age-identity", type=Path, metavar="FILE", help="once: opens an encrypted .limenpack")
    group.add_argument("--quick-trial", type=float, default=2.0, metavar="S", help="once: seconds on probation (2)")
    group.add_argument("--user", default="limen", help="unit: who runs it (default limen)")
