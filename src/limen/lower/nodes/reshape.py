"""ONNX Reshape."""

from __future__ import annotations

from limen.lower.call import Call, Lowering
from limen.lower.rearrange import reshape


def lower(call: Call) -> None:
    reshape(call, call.input(0))


LOWERING = Lowering("Reshape", lower)
