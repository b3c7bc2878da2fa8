"""Tile as TILE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "TILE", integers("multiples", op.multiples), options="TileOptions", version=site.version(int8=3)
    )


EMIT = Emitter("Tile", emit)
