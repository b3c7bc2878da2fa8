"""Concatenation as CONCATENATION."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, activation


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "CONCATENATION",
        options="ConcatenationOptions",
        version=site.version(int8=2, int16=3, uint32=4),
        axis=op.axis,
        fused_activation_function=activation(op.activation),
    )


EMIT = Emitter("Concatenation", emit)
