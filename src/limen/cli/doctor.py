"""Say what this machine has: Python, processor, engines, extras, and whether it is busy.

A missing extra is not a fault: the table says what would bring it. A busy machine spoils measured times.

example:
  limen doctor
  limen doctor --json
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from limen import host
from limen.cli._command import Command, Outcome
from limen.cli._extras import installed, version
from limen.cli._output import size_text, table

# engine -> the distribution it runs on
ENGINES = {
    "litert": "ai-edge-litert",
    "ort": "onnxruntime",
    "openvino": "openvino",
    "iree": "iree-base-runtime",
    "reference": "limen",
}
BUSY = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def run(_options: argparse.Namespace) -> Outcome:
    share = host.busy_share()
    packages = installed()
    data: dict[str, Any] = {
        "limen": version("limen"),
        "host": host.read_host(),
        "busy_share": share,
        "host_busy": None if share is None else share > BUSY,
        "engines": [{"name": name, "version": version(package)} for name, package in ENGINES.items()],
        "packages": packages,
        "missing": [extra for extra, found in packages.items() if None in found.values()],
    }
    return Outcome(data, _text(data, data["host"]))


def _text(data: Mapping[str, Any], machine: host.Host) -> str:
    share = data["busy_share"]
    facts = [
        ("limen", data["limen"]),
        ("python", machine.python),
        ("system", machine.system),
        ("processor", f"{machine.processor}, {machine.cores} cores, {size_text(machine.ram)}"),
        ("features", " ".join(machine.features) or None),
        ("in use", None if share is None else f"{share:.0%} of processor time" + (" (busy)" if share > BUSY else "")),
    ]
    engines = [(engine["name"], engine["version"] or "absent") for engine in data["engines"]]
    extras = [_extra_row(extra, found) for extra, found in data["packages"].items()]
    parts = (("machine", ""), facts), (("engine", "version"), engines), (("extra", "installed", "to complete"), extras)
    return "\n\n".join(table(head, rows) for head, rows in parts)


def _extra_row(extra: str, found: Mapping[str, str | None]) -> tuple[str, str | None, str]:
    have = " ".join(f"{name} {number}" for name, number in found.items() if number)
    lacks = ", ".join(name for name, number in found.items() if number is None)
    name = "limen" if extra == "base" else f"limen[{extra}]"
    return extra, have or None, f"pip install '{name}' ({lacks})" if lacks else "complete"


COMMAND = Command("doctor", arguments, run)
