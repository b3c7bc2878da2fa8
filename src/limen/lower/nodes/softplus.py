"""ONNX Softplus: log(1 + exp(x))."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed, softplus


def _emit(call: Call, x: str) -> str:
    return softplus(call, x)


LOWERING = computed("Softplus", _emit)
