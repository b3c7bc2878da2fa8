"""LeakyRelu as LEAKY_RELU."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission("LEAKY_RELU", options="LeakyReluOptions", version=site.version(int16=2), alpha=op.alpha)


EMIT = Emitter("LeakyRelu", emit)
