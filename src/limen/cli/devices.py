"""List the boards limen knows, or show one of them.

Generic processors (cortex-m4, aarch64 ...) are devices too: boards inherit them, and they have no memory limits.

example:
  limen devices
  limen devices esp32-c3 --json
"""

from __future__ import annotations

import argparse
import dataclasses

from limen import devices
from limen.cli._command import Command, Outcome
from limen.cli._output import size_text, table


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", nargs="?", help="name or alias of one device")


def run(options: argparse.Namespace) -> Outcome:
    if options.device is not None:
        device = devices.get(options.device)
        return Outcome({"device": device}, _card(device))
    known = devices.load_all()
    head = ("name", "isa", "ram", "flash", "clock MHz", "targets", "title")
    return Outcome({"devices": known}, table(head, [_row(device) for device in known]))


def _row(device: devices.Device) -> tuple[object, ...]:
    clock = None if device.clock_hz is None else device.clock_hz // 1_000_000
    sizes = size_text(device.ram), size_text(device.flash)
    return device.name, device.isa, *sizes, clock, " ".join(device.targets), device.title


def _card(device: devices.Device) -> str:
    """One line per field."""
    sizes = {key: size_text(getattr(device, key)) for key in ("ram", "slow_ram", "flash")}
    values = dataclasses.asdict(device) | sizes
    lines = ((key, " ".join(value) if isinstance(value, tuple) else value) for key, value in values.items())
    return "\n".join(f"{key:<9} {'-' if value in (None, '') else value}" for key, value in lines)


COMMAND = Command("devices", arguments, run)
