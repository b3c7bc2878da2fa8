"""SpaceToDepth as SPACE_TO_DEPTH."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "SPACE_TO_DEPTH", options="SpaceToDepthOptions", version=site.version(int8=2), block_size=op.block
    )


EMIT = Emitter("SpaceToDepth", emit)
