"""Add as ADD."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, activation


def emit(op: Any, site: Site) -> Emission:
    version = (3 if site.input().quant else 5) if site.dtype == "int16" else site.version(int8=2, int64=4)
    return site.emission(
        "ADD",
        options="AddOptions",
        version=version,
        fused_activation_function=activation(op.activation),
        pot_scale_int16=False,
    )


EMIT = Emitter("Add", emit)
