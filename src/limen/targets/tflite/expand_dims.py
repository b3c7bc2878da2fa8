"""ExpandDims as EXPAND_DIMS."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission("EXPAND_DIMS", integers("axis", op.axis), options="ExpandDimsOptions")


EMIT = Emitter("ExpandDims", emit)
