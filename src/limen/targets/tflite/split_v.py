"""SplitV as SPLIT_V."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "SPLIT_V",
        integers("sizes", op.sizes),
        integers("axis", op.axis),
        options="SplitVOptions",
        version=site.version(int8=2),
        num_splits=len(op.sizes),
    )


EMIT = Emitter("SplitV", emit)
