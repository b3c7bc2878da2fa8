"""ONNX Atanh: log((1 + x) / (1 - x)) / 2."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    one = call.scalar(1.0, x)
    ratio = call.emit("Div", call.emit("Add", one, x), call.emit("Sub", one, x))
    return call.emit("Mul", call.emit("Log", ratio), call.scalar(0.5, x))


LOWERING = computed("Atanh", _emit)
