"""The flags of ``limen agent``."""

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
    group.add_argument("--report", default="", metavar="URL", help="where reports go (default: the first server)")
    group.add_argument("--key-file", default="", metavar="FILE", help="make the device's key here, not in the store")
    group.add_argument("--keys", default="", metavar="MODULE:FUNCTION", help="holder of the key: TPM, PKCS#11")
    group.add_argument("--proxy", default="", metavar="URL", help="HTTP proxy (those of the environment are not used)")
    group.add_argument("--clockless", action="store_true", help="the device has no clock of its own")


def _how(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--engine", default="", help="engine to run on (default: the bundle's first)")
    group.add_argument("--threads", type=int, default=1, metavar="N", help="of the engine (default 1)")
    group.add_argument("--poll", type=float, default=300.0, metavar="S", help="seconds between two looks (300)")
    group.add_argument("--trial", type=float, default=600.0, metavar="S", help="seconds on probation (600)")
    group.add_argument("--trial-runs", type=int, default=1, metavar="N", help="runs needed on probation (1)")
    group.add_argument("--strikes", type=int, default=3, metavar="N", help="failed tries until it is banned (3)")
    group.add_argument(
        "--window", action="append", default=[], metavar="TIME", help="when to activate: 02:00-04:30, sat 22:00-06:00"
    )
    group.add_argument("--manual", action="store_true", help="activate only by limen agent activate")
    group.add_argument("--max-rate", type=byte_count, default=0, metavar="B", help="bytes per second of a download")
    group.add_argument("--gate-seconds", type=float, default=60.0, metavar="S", help="longest trial load (60)")
    group.add_argument("--gate-memory", type=byte_count, default=0, metavar="B", help="largest trial load")


def _run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--socket", type=Path, metavar="PATH", help="run: answer other processes here")
    group.add_argument("--age-identity", type=Path, metavar="FILE", help="once: opens an encrypted .limenpack")
    group.add_argument("--quick-trial", type=float, default=2.0, metavar="S", help="once: seconds on probation (2)")
    group.add_argument("--user", default="limen", help="unit: who runs it (default limen)")
