"""ArgMin as ARG_MIN."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers, tensor_type


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "ARG_MIN",
        integers("axis", op.axis),
        options="ArgMinOptions",
        version=site.version(int8=2, bool=3),
        output_type=tensor_type(op.dtype),
    )


EMIT = Emitter("ArgMin", emit)
