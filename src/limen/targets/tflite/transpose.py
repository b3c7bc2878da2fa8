"""Transpose as TRANSPOSE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    rank = len(site.input().shape)
    version = 6 if rank > 5 else 4 if rank > 4 else 1
    return site.emission(
        "TRANSPOSE",
        integers("permutation", op.permutation),
        options="TransposeOptions",
        version=max(version, site.version(int8=2, bool=3, int16=5)),
    )


EMIT = Emitter("Transpose", emit)
