"""ONNX Asin: atan(x / sqrt(1 - x^2))."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import arctangent, computed, other_leg


def _emit(call: Call, x: str) -> str:
    return arctangent(call, call.emit("Div", x, other_leg(call, x)))


LOWERING = computed("Asin", _emit)
