"""OneHot as ONE_HOT."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    indices, on, off = site.node.inputs
    return Emission("ONE_HOT", (indices, integers("depth", op.depth), on, off), "OneHotOptions", {"axis": op.axis})


EMIT = Emitter("OneHot", emit)
