"""Pad as PAD."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    version = 4 if len(site.input().shape) > 4 else site.version(int8=2, int16=3, bool=5)
    inputs = (site.node.inputs[0], integers("paddings", op.paddings))
    return Emission("PAD", inputs, "PadOptions", version=version)


EMIT = Emitter("Pad", emit)
