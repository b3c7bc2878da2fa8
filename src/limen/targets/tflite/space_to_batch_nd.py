"""SpaceToBatchNd as SPACE_TO_BATCH_ND."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    version = 4 if site.dtype == "int16" else 3 if len(site.input().shape) != 4 else site.version(int8=2)
    return site.emission(
        "SPACE_TO_BATCH_ND",
        integers("block", op.block),
        integers("paddings", op.paddings),
        options="SpaceToBatchNDOptions",
        version=version,
    )


EMIT = Emitter("SpaceToBatchNd", emit)
