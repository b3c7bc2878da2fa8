"""ONNX Reciprocal."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    return call.emit("Div", call.scalar(1.0, x), x)


LOWERING = computed("Reciprocal", _emit)
