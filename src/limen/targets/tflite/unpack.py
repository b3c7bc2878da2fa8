"""Unpack as UNPACK."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "UNPACK",
        options="UnpackOptions",
        version=site.version(int8=2, uint8=2, bool=3, int16=4, float16=5),
        num=op.count,
        axis=op.axis,
    )


EMIT = Emitter("Unpack", emit)
