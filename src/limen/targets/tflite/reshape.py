"""Reshape as RESHAPE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission("RESHAPE", integers("shape", op.shape), options="ReshapeOptions", new_shape=op.shape)


EMIT = Emitter("Reshape", emit)
