"""ONNX HardSigmoid: max(0, min(1, alpha x + beta))."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    alpha, beta = call.attribute("alpha", 0.2), call.attribute("beta", 0.5)
    scaled = call.emit("Add", call.emit("Mul", x, call.scalar(alpha, x)), call.scalar(beta, x))
    return call.emit("Relu0To1", scaled)


LOWERING = computed("HardSigmoid", _emit)
