"""ONNX Swish: x sigmoid(alpha x)."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    alpha = call.attribute("alpha", 1.0)
    inner = x if alpha == 1.0 else call.emit("Mul", x, call.scalar(alpha, x))
    return call.emit("Mul", x, call.emit("Logistic", inner))


LOWERING = computed("Swish", _emit)
