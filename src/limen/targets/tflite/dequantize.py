"""Dequantize as DEQUANTIZE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, is_per_channel


def emit(op: Any, site: Site) -> Emission:
    version = site.version(int8=2, int16=3, float16=3)
    return site.emission(
        "DEQUANTIZE", options="DequantizeOptions", version=5 if is_per_channel(site.input()) else version
    )


EMIT = Emitter("Dequantize", emit)
