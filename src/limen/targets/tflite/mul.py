"""Mul as MUL."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, activation


def emit(op: Any, site: Site) -> Emission:
    first, second, out = site.input(0).quant, site.input(1).quant, site.output.quant
    version = site.version(int8=2, int16=4 if first else 7, int64=5, uint32=7)
    if first and second and out and first.scale[0] * second.scale[0] >= out.scale[0]:
        version = max(version, 3)
    return site.emission(
        "MUL", options="MulOptions", version=version, fused_activation_function=activation(op.activation)
    )


EMIT = Emitter("Mul", emit)
