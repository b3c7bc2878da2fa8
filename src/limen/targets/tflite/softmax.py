"""Softmax as SOFTMAX."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site


def emit(op: Any, site: Site) -> Emission:
    return site.emission("SOFTMAX", options="SoftmaxOptions", version=site.version(int8=2, int16=3), beta=op.beta)


EMIT = Emitter("Softmax", emit)
