"""ONNX Acos: pi / 2 - asin(x)."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import arctangent, computed, other_leg


def _emit(call: Call, x: str) -> str:
    angle = arctangent(call, call.emit("Div", x, other_leg(call, x)))
    return call.emit("Sub", call.scalar(1.5707963267948966, x), angle)


LOWERING = computed("Acos", _emit)
