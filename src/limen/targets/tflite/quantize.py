"""Quantize as QUANTIZE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, is_per_channel


def emit(op: Any, site: Site) -> Emission:
    version = 3 if is_per_channel(site.output) else 2 if site.output.dtype == "int16" else 1
    return site.emission("QUANTIZE", options="QuantizeOptions", version=version)


EMIT = Emitter("Quantize", emit)
