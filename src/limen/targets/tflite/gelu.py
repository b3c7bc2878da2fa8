"""Gelu as GELU."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "GELU", options="GeluOptions", version=site.version(int8=2, uint8=2), approximate=op.approximate
    )


EMIT = Emitter("Gelu", emit)
