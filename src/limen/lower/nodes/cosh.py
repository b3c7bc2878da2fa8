"""ONNX Cosh."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    total = call.emit("Add", call.emit("Exp", x), call.emit("Exp", call.emit("Neg", x)))
    return call.emit("Mul", total, call.scalar(0.5, x))


LOWERING = computed("Cosh", _emit)
