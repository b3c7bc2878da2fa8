"""Which arithmetic a device has."""

from __future__ import annotations

from limen.devices import Device
from limen.targets.c.steps._kernel import Real

_DOUBLE = ("x86-64", "aarch64", "armv7", "wasm")
_SINGLE = ("xtensa-lx7", "cortex-m55")


def arithmetic_of(device: Device) -> tuple[Real, bool]:
    """The type of wide arithmetic, and whether the device computes in float: ``real`` and ``fpu`` of ``emit_chain``.

    Microcontrollers get float even where they have double, for their memory's sake.
    """
    if device.isa in _DOUBLE:
        return "double", True
    return "float", device.isa in _SINGLE or any(feature.startswith("fpv") for feature in device.features)
