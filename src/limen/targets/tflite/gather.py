"""Gather as GATHER."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    version = site.version(int8=2, bool=3, int16=4)
    return site.emission(
        "GATHER",
        options="GatherOptions",
        version=5 if op.batch_dims else version,
        axis=op.axis,
        batch_dims=op.batch_dims,
    )


EMIT = Emitter("Gather", emit)
