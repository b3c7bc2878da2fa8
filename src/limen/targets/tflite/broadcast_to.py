"""BroadcastTo as BROADCAST_TO."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    version = 3 if site.dtype in ("int8", "int16") else 2
    return site.emission("BROADCAST_TO", integers("shape", op.shape), options="BroadcastToOptions", version=version)


EMIT = Emitter("BroadcastTo", emit)
