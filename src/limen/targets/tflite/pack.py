"""Pack as PACK."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "PACK",
        options="PackOptions",
        version=site.version(int8=2, int16=3, uint32=4),
        values_count=len(site.node.inputs),
        axis=op.axis,
    )


EMIT = Emitter("Pack", emit)
