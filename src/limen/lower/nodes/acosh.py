"""ONNX Acosh: log(x + sqrt(x^2 - 1))."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    root = call.emit("Sqrt", call.emit("Sub", call.emit("Square", x), call.scalar(1.0, x)))
    return call.emit("Log", call.emit("Add", x, root))


LOWERING = computed("Acosh", _emit)
