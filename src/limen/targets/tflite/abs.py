"""Abs as ABS."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    sixteen = 3 if site.input().quant else 4
    version = site.version(int8=2, uint8=2, int16=sixteen, int32=5)
    return site.emission("ABS", options="AbsOptions", version=version)


EMIT = Emitter("Abs", emit)
