"""ONNX Shrink."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    bias, limit = call.attribute("bias", 0.0), call.attribute("lambd", 0.5)
    zero = call.scalar(0.0, x)
    below, above = call.emit("Less", x, call.scalar(-limit, x)), call.emit("Greater", x, call.scalar(limit, x))
    high = call.emit("Select", above, call.emit("Sub", x, call.scalar(bias, x)), zero)
    return call.emit("Select", below, call.emit("Add", x, call.scalar(bias, x)), high)


LOWERING = computed("Shrink", _emit)
