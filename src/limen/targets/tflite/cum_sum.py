"""CumSum as CUMSUM."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "CUMSUM", integers("axis", op.axis), options="CumsumOptions", exclusive=op.exclusive, reverse=op.reverse
    )


EMIT = Emitter("CumSum", emit)
