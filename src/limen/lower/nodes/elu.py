"""ONNX Elu."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed, scaled_elu


def _emit(call: Call, x: str) -> str:
    alpha = call.attribute("alpha", 1.0)
    if alpha == 1.0:
        return call.emit("Elu", x)
    return scaled_elu(call, x, alpha, 1.0)


LOWERING = computed("Elu", _emit)
