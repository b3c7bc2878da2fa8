"""Slice as SLICE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    version = 5 if len(site.input().shape) > 4 else site.version(int8=2, int16=4, uint32=6)
    return site.emission(
        "SLICE", integers("begin", op.begin), integers("size", op.size), options="SliceOptions", version=version
    )


EMIT = Emitter("Slice", emit)
