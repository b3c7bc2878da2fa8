"""ReadVariable as READ_VARIABLE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Handle, Site


def emit(op: Any, site: Site) -> Emission:
    return Emission("READ_VARIABLE", (Handle(op.state),), "ReadVariableOptions")


EMIT = Emitter("ReadVariable", emit)
