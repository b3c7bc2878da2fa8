"""Split as SPLIT."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return Emission(
        "SPLIT",
        (integers("axis", op.axis), *site.node.inputs),
        "SplitOptions",
        {"num_splits": op.parts},
        site.version(int8=2, int32=3, int16=4),
    )


EMIT = Emitter("Split", emit)
