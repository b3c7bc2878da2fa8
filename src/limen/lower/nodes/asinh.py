"""ONNX Asinh: sign(x) log(|x| + sqrt(x^2 + 1))."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    size = call.emit("Abs", x)
    root = call.emit("Sqrt", call.emit("Add", call.emit("Square", size), call.scalar(1.0, x)))
    return call.emit("Mul", call.emit("Sign", x), call.emit("Log", call.emit("Add", size, root)))


LOWERING = computed("Asinh", _emit)
