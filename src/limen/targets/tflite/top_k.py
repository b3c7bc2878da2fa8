"""TopK as TOPK_V2."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission("TOPK_V2", integers("k", op.k), options="TopKV2Options", version=site.version(int8=2, int16=3))


EMIT = Emitter("TopK", emit)
