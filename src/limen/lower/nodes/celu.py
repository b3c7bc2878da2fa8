"""ONNX Celu: alpha elu(x / alpha)."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    alpha = call.attribute("alpha", 1.0)
    if alpha == 1.0:
        return call.emit("Elu", x)
    inner = call.emit("Elu", call.emit("Mul", x, call.scalar(1.0 / alpha, x)))
    return call.emit("Mul", inner, call.scalar(alpha, x))


LOWERING = computed("Celu", _emit)
