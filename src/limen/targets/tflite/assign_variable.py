"""AssignVariable as ASSIGN_VARIABLE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Handle, Site


def emit(op: Any, site: Site) -> Emission:
    return Emission("ASSIGN_VARIABLE", (Handle(op.state), *site.node.inputs), "AssignVariableOptions")


EMIT = Emitter("AssignVariable", emit)
