"""Reverse as REVERSE_V2."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "REVERSE_V2", integers("axes", op.axes), options="ReverseV2Options", version=site.version(bool=2, int8=3)
    )


EMIT = Emitter("Reverse", emit)
