"""ONNX Tan."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    return call.emit("Div", call.emit("Sin", x), call.emit("Cos", x))


LOWERING = computed("Tan", _emit)
