"""ONNX Mish: x tanh(softplus(x))."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed, softplus


def _emit(call: Call, x: str) -> str:
    return call.emit("Mul", x, call.emit("Tanh", softplus(call, x)))


LOWERING = computed("Mish", _emit)
