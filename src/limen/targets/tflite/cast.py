"""Cast as CAST."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, tensor_type


def emit(op: Any, site: Site) -> Emission:
    types = {site.dtype, op.dtype}
    versions = {"float64": 5, "float16": 5, "uint16": 4, "int8": 3, "uint32": 2}
    return site.emission(
        "CAST",
        options="CastOptions",
        version=max(versions.get(dtype, 1) for dtype in types),
        in_data_type=tensor_type(site.dtype),
        out_data_type=tensor_type(op.dtype),
    )


EMIT = Emitter("Cast", emit)
