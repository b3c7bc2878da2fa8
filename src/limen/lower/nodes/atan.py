"""ONNX Atan."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import arctangent, computed


def _emit(call: Call, x: str) -> str:
    return arctangent(call, x)


LOWERING = computed("Atan", _emit)
