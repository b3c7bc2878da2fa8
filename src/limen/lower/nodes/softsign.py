"""ONNX Softsign: x / (1 + |x|)."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed


def _emit(call: Call, x: str) -> str:
    return call.emit("Div", x, call.emit("Add", call.emit("Abs", x), call.scalar(1.0, x)))


LOWERING = computed("Softsign", _emit)
