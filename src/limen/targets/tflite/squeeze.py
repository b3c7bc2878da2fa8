"""Squeeze as SQUEEZE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission("SQUEEZE", options="SqueezeOptions", squeeze_dims=op.axes)


EMIT = Emitter("Squeeze", emit)
