"""DepthToSpace as DEPTH_TO_SPACE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "DEPTH_TO_SPACE", options="DepthToSpaceOptions", version=site.version(int8=2), block_size=op.block
    )


EMIT = Emitter("DepthToSpace", emit)
