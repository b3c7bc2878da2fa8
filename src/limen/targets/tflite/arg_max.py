"""ArgMax as ARG_MAX."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers, tensor_type


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "ARG_MAX",
        integers("axis", op.axis),
        options="ArgMaxOptions",
        version=site.version(int8=2, bool=3),
        output_type=tensor_type(op.dtype),
    )


EMIT = Emitter("ArgMax", emit)
